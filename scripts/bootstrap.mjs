// Sets up the workspace before every command: installs what the lockfile names, once.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import process from "node:process";

const root = new URL("../", import.meta.url);
const modifiedAt = (path) => statSync(new URL(path, root)).mtimeMs;

const stamp = "node_modules/.modules.yaml";
const installed = existsSync(new URL(stamp, root)) &&
  modifiedAt(stamp) >= modifiedAt("pnpm-lock.yaml");

if (!installed) {
  const manifest = JSON.parse(readFileSync(new URL("package.json", root), "utf8"));
  const install = spawnSync(
    "npx",
    ["--yes", manifest.packageManager, "install", "--frozen-lockfile"],
    { cwd: root, stdio: ["ignore", process.stderr, "inherit"] },
  );
  if (install.error) throw install.error;
  if (install.status !== 0) process.exit(install.status ?? 1);
}

// Makes the site, and knows whether the one that is there is still right.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { filesIn, root } from "../files.mjs";

/** The folder of the site. */
export const site = join(root, "docs/api");

/** Of what the site was made. */
const stamp = join(site, ".made-of");

/**
 * Makes the site.
 *
 * @returns What typedoc had to say, if it failed
 */
export function makeSite() {
  const made = fingerprint();
  const { error, status, stdout, stderr } = spawnSync(
    "node_modules/.bin/typedoc",
    ["--options", "docs/typedoc.json", "--logLevel", "Warn"],
    { cwd: root, encoding: "utf8" },
  );
  if (error) throw error;
  if (status !== 0) return `${stdout}${stderr}`;
  writeFileSync(stamp, made);
}

/** Makes the site unless it is there, made of just what it would be made of now. */
export function ensureSite() {
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === fingerprint()) return;
  return makeSite();
}

/** Changes when the site might. */
function fingerprint() {
  const hash = createHash("sha256");
  for (const file of [...sources()].sort()) {
    hash.update(`${file}\0`).update(readFileSync(join(root, file))).update("\0");
  }
  return hash.digest("hex");
}

function* sources() {
  yield* ["README.md", "CONTRIBUTING.md", "SECURITY.md", "LICENSE", "pnpm-lock.yaml"];
  for (
    const file of ["docs", "packages", "scripts/docs"].flatMap((folder) => [...filesIn(folder)])
  ) {
    if (!/_(test|bench|stress)\.\w+$/.test(file)) yield file;
  }
}

// Makes the site in docs/api: the API of every package, and the guide. Needs no network, neither to
// be made nor to be read.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import process from "node:process";
import { readArguments } from "./arguments.mjs";
import { root } from "./files.mjs";

readArguments();
const typedoc = spawnSync("node_modules/.bin/typedoc", ["--options", "docs/typedoc.json"], {
  cwd: root,
  stdio: "inherit",
});
if (typedoc.error) throw typedoc.error;
if (typedoc.status === 0) console.log(`Open ${join("docs", "api", "index.html")}`);
process.exitCode = typedoc.status ?? 1;

// Keeps the manifests in step. package.json leads, since releases write it; deno.json follows in
// name, version and exports, and the other files in which packages there are.
//
//   sync_versions.mjs            writes
//   sync_versions.mjs --check    only says what it would write
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { readArguments } from "./arguments.mjs";
import { packages, root } from "./files.mjs";

const { values: { check: isCheck } } = readArguments({ options: { check: { type: "boolean" } } });

for (const name of packages) {
  const { name: fullName, version, exports } = read(`packages/${name}/package.json`);
  const sources = Object.fromEntries(
    Object.entries(exports).map(([path, conditions]) => [path, conditions["@posixly/source"]]),
  );
  const isOne = Object.keys(sources).length === 1;
  follow(`packages/${name}/deno.json`, {
    name: fullName,
    version,
    exports: isOne ? sources["."] : sources,
  });
}

// Scripts, guides and examples import every package by its name.
const { devDependencies } = read("package.json");
const ours = Object.fromEntries(packages.map((name) => [`@posixly/${name}`, "workspace:*"]));
const all = Object.entries({ ...devDependencies, ...ours }).sort(([a], [b]) => a < b ? -1 : 1);
follow("package.json", { devDependencies: Object.fromEntries(all) });

function follow(path, changes) {
  const manifest = read(path);
  const next = JSON.stringify({ ...manifest, ...changes }, null, 2);
  if (next === JSON.stringify(manifest, null, 2)) return;
  if (isCheck) {
    console.log(`${path} is out of step: run node scripts/sync_versions.mjs`);
    process.exitCode = 1;
  } else {
    writeFileSync(join(root, path), `${next}\n`);
  }
}

function read(path) {
  return JSON.parse(readFileSync(join(root, path), "utf8"));
}

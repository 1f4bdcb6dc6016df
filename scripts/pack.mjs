// Builds the tarballs that npm would get, and has publint and attw look at each:
//
//   npm run release:pack                  into tarballs/
//   npm run release:pack -- FOLDER        into another folder
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { readArguments } from "./arguments.mjs";
import { root } from "./files.mjs";

/** Packs every public package into a folder, which is emptied first; returns the files. */
export function pack(folder) {
  const { packageManager } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  run("node_modules/.bin/tsc", "-b", "packages");
  run(
    "npx",
    "--yes",
    packageManager,
    "-r",
    "--filter",
    "./packages/*",
    "--filter",
    "!@posixly/testing",
    "pack",
    "--pack-destination",
    folder,
  );
  return tarballsIn(folder);
}

/** The tarballs in a folder. */
export function tarballsIn(folder) {
  return readdirSync(folder).filter((file) => file.endsWith(".tgz"))
    .map((file) => join(folder, file));
}

/** What publint and attw find wrong with a tarball ends the program. */
function lint(tarball) {
  run("node_modules/.bin/publint", "run", tarball, "--strict");
  run("node_modules/.bin/attw", tarball, "--profile", "esm-only");
}

function run(program, ...args) {
  const { status, error, stdout, stderr } = spawnSync(program, args, {
    cwd: root,
    encoding: "utf8",
  });
  if (error) throw error;
  if (status === 0) return;
  console.error(`${program} ${args.join(" ")}\n${stdout}${stderr}`);
  process.exit(1);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { positionals: [folder = join(root, "tarballs")] } = readArguments({
    allowPositionals: true,
  });
  for (const tarball of pack(resolve(folder))) {
    lint(tarball);
    console.log(`${tarball}: publint and attw find nothing`);
  }
}

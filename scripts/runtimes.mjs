// The runtimes that everything is run in, and how each starts a TypeScript file.
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import process from "node:process";
import { root } from "./files.mjs";

export { root };

const fromTesting = createRequire(join(root, "packages/testing/package.json"));
const fromRoot = createRequire(join(root, "package.json"));
const fromDeno = createRequire(fromRoot.resolve("deno/package.json"));

/** Where `tsc -b packages` put a file of ours. */
export const compiled = (file) =>
  file.replace(/(packages\/[^/]+|\.examples\/docs)\/(.*)\.ts$/, "$1/dist/$2.js");

/** The program in an optional package, or undefined where that was not installed. */
function program(require, name, path) {
  try {
    const file = join(dirname(require.resolve(`${name}/package.json`)), path);
    return existsSync(file) ? file : undefined;
  } catch {
    return undefined;
  }
}

const major = process.versions.node.split(".")[0];
const node26 = program(fromTesting, `node-linux-${process.arch}`, "bin/node");
const bunArch = { x64: "x64", arm64: "aarch64" }[process.arch];

/** The programs; undefined is one that is not installed. */
export const programs = {
  node26,
  deno: program(fromDeno, `@deno/linux-${process.arch}-glibc`, "deno"),
  bun: program(fromTesting, `@oven/bun-linux-${bunArch}`, "bin/bun"),
};

/** `command(file)` is what to spawn for a source file; it is undefined where there is no runtime. */
export const runtimes = [
  {
    name: `node${major}`,
    command: (file) => [process.execPath, "--enable-source-maps", compiled(file)],
  },
  {
    name: "node26",
    command: node26 && ((file) => [node26, "--conditions=@posixly/source", file]),
  },
  {
    name: "deno",
    command: programs.deno &&
      // Its cache of code is a database, whose system calls would be among those made to fail.
      ((file) => [programs.deno, "run", "--allow-all", "--no-code-cache", file]),
  },
];

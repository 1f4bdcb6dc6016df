// What a package says about C, as one line of JSON: as it would on another processor, too.
//
//   c_side.mjs PACKAGE ARCH
import { existsSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { root } from "./files.mjs";

const [name, arch] = process.argv.slice(2);
Object.defineProperty(process, "arch", { value: arch });

const built = (file) => pathToFileURL(join(root, "packages", name, "dist", file)).href;
const { headers, newer = [], libc, ...rest } = await import(built("libc.js"));

const constants = Object.entries(rest)
  .filter(([, value]) => typeof value === "number" || typeof value === "bigint");
if (existsSync(new URL(built("errno.js")))) {
  constants.push(...Object.entries((await import(built("errno.js"))).errno));
}

const structs = Object.entries(rest)
  .filter(([, value]) => value?.offsets !== undefined)
  .map(([name, { c, size, align, offsets }]) => ({ name, c, size, align, offsets }));

const functions = [...new Set(boundNames(libc).map((bound) => bound.split("$")[0]))];

console.log(JSON.stringify({
  headers,
  newer,
  constants: constants.map(([name, value]) => [name, String(value)]),
  structs,
  functions,
}));

/** Reading a bound function would open the library; its name is an accessor's until then. */
function boundNames(libc) {
  return libc === undefined ? [] : Object.getOwnPropertyNames(Object.getPrototypeOf(libc));
}

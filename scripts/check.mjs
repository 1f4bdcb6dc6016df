// Runs every rule of the project: a line for each, and all complaints at the end.
//
//   npm run check                   all
//   npm run check -- layers types   those whose names hold one of the words
import { spawnSync } from "node:child_process";
import process from "node:process";
import { readArguments, refuse } from "./arguments.mjs";
import { writeExamples } from "./examples.mjs";
import { root } from "./files.mjs";
import dependencies from "./rules/dependencies.mjs";
import documented from "./rules/documented.mjs";
import layers from "./rules/layers.mjs";
import portable from "./rules/portable.mjs";
import runtimeNames from "./rules/runtime_names.mjs";
import tarballs from "./rules/tarballs.mjs";
import { lockfileHosts, onlyTests } from "./rules/texts.mjs";
import { programs } from "./runtimes.mjs";

const deno = (...args) => command(programs.deno, ...args);
const node = (...args) => command(process.execPath, ...args);

/** Each answers with its complaints. */
const rules = {
  "format: deno fmt": () => deno("fmt", "--check")().flatMap(unformatted),
  "lint": deno("lint", "--quiet"),
  "types in Node": command("node_modules/.bin/tsc", "-b", "packages"),
  "types in Deno, examples too": () => {
    writeExamples();
    return deno("check", "--quiet")();
  },
  "layers: packages import what is below them": layers,
  "few dependencies, and none runs when it is installed": dependencies,
  "runtimes are named in the backends only": runtimeNames,
  "what runs in a browser takes nothing that it lacks": portable,
  "every export is documented, with an example": documented,
  "manifests are in step": node("scripts/sync_versions.mjs", "--check"),
  "the learning path is what there is": node("scripts/learning_path.mjs", "--check"),
  "the lockfile names no host": lockfileHosts,
  "no test is marked as the only one": onlyTests,
  "tarballs hold what they should": tarballs,
  "publishing to JSR would pass": deno("publish", "--dry-run", "--allow-dirty", "--quiet"),
  "C agrees with constants, structs and signatures": node("scripts/check_c.mjs"),
};

const { positionals: words } = readArguments({ allowPositionals: true });
const unknown = words.filter((word) => !Object.keys(rules).some((name) => name.includes(word)));
if (unknown.length > 0) refuse(`There is no rule whose name holds ${unknown.join(", ")}`);

const failures = [];
for (const [name, rule] of Object.entries(rules)) {
  if (words.length > 0 && !words.some((word) => name.includes(word))) continue;
  const start = performance.now();
  const complaints = attempt(rule);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`${complaints.length > 0 ? "FAIL" : "ok  "} ${name} (${seconds} s)`);
  if (complaints.length > 0) failures.push({ name, complaints });
}
for (const { name, complaints } of failures) console.log(`\n${name}:\n${complaints.join("\n")}`);
process.exitCode = failures.length > 0 ? 1 : 0;

function attempt(rule) {
  try {
    return rule();
  } catch (error) {
    return [error.stack];
  }
}

/** A rule that is a program's: it is kept if the program succeeds. */
function command(program, ...args) {
  return () => {
    const options = { cwd: root, encoding: "utf8", env: { ...process.env, NO_COLOR: "1" } };
    const { status, error, stdout, stderr } = spawnSync(program, args, options);
    if (status === 0) return [];
    return [error?.message ?? essence(stdout + stderr)];
  };
}

/** The names alone: what to do about them is `deno fmt`. */
function unformatted(output) {
  const files = [...output.matchAll(/^from (.*):$/gm)].map(([, file]) => file);
  return files.length > 0 ? files : [output];
}

/** Deno's trouble with the types of Node's own modules is none of ours. */
function essence(output) {
  return output
    .replace(/^.*Failed resolving types\..*\n.*at file:.*\n/gm, "")
    .replace(/\nStack backtrace:\n( +\d+: .*\n)*/g, "")
    .trim();
}

// Compares packages with their peers:
//
//   npm run bench                        everything, in some minutes
//   npm run bench -- sys pipe --quick    some packages, roughly, in some seconds
//   npm run bench -- mux --only "64 B"   the comparisons with that in their name
//   npm run -s bench -- --json           one JSON object a line, and nothing else
//
// CPU time is the figure to trust; the clock on the wall stands beside it. A ratio is what we cost
// by what they cost, so lower is better.
import { spawnSync } from "node:child_process";
import { join, sep } from "node:path";
import process from "node:process";
import { readArguments, requireNames } from "./arguments.mjs";
import { compare } from "./bench/compare.mjs";
import { json, table } from "./bench/report.mjs";
import { compile } from "./bench/yardstick.mjs";
import { filesIn, packages, root } from "./files.mjs";
import { compiled, programs, runtimes } from "./runtimes.mjs";

const { values: options, positionals: wanted } = readArguments({
  allowPositionals: true,
  options: { quick: { type: "boolean" }, json: { type: "boolean" }, only: { type: "string" } },
});
requireNames(wanted, packages, "package");
const plan = options.quick
  ? { sittings: 1, rounds: 5, milliseconds: 50 }
  : { sittings: 5, rounds: 5, milliseconds: 150 };

/** With --json, standard output is for results only. */
const say = options.json ? console.error : console.log;

build();
const present = runtimes.filter(({ name, command }) => {
  if (!command) say(`absent: ${name}, it is not installed`);
  return command;
});
for (const file of [...filesIn("packages")].filter((path) => path.endsWith("_bench.ts"))) {
  const name = file.split(sep)[1];
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  for (const comparison of declared(present[0].command(join(root, file)))) {
    if (!comparison.name.includes(options.only ?? "")) continue;
    const sides = sidesOf(comparison, join(root, file));
    if (comparison.partner) {
      process.env.BENCH_PARTNER = compile(comparison.partner, { isWhole: true });
    }
    const commands = new Map(sides.map((side) => [side, side.command]));
    const costs = await compare(commands, plan, comparison.clock);
    const figures = sides.map((side) => ({ ...side, ...costs.get(side) }));
    console.log((options.json ? json : table)({ ...comparison, package: name }, figures));
  }
}

function build() {
  const tsc = spawnSync(join(root, "node_modules/.bin/tsc"), ["-b", join(root, "packages")], {
    stdio: ["ignore", 2, 2],
  });
  if (tsc.status !== 0) throw new Error("The packages do not compile");
}

/** The comparisons that a bench file lists. */
function declared([program, ...args]) {
  const list = spawnSync(program, args, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
  if (list.status !== 0) throw new Error(`Cannot list what is in ${args.at(-1)}`);
  return list.stdout.trim().split("\n").map((line) => JSON.parse(line));
}

/** C, programs and Bun once, and in each runtime we and the peers that run there. */
function sidesOf({ name, peers }, file) {
  const sides = [];
  for (const { name: peer, source } of peers.filter(({ source }) => source !== undefined)) {
    const program = compile(source);
    if (program) sides.push({ peer, command: [program] });
    else say(`absent: ${peer}, since there is no C compiler called cc`);
  }
  for (const { name: peer, program } of peers.filter(({ program }) => program !== undefined)) {
    if (isThere(program)) sides.push({ peer, command: [...present[0].command(file), name, peer] });
    else say(`absent: ${peer}, since ${program} is not installed`);
  }
  for (const { name: peer } of peers.filter((peer) => peer.in === "bun")) {
    if (programs.bun) sides.push({ peer, command: [programs.bun, compiled(file), name, peer] });
    else say(`absent: ${peer}, since Bun is not installed`);
  }
  for (const { name: runtime, command } of present) {
    const here = peers.filter((peer) =>
      !peer.source && !peer.program && (peer.in ?? runtime) === runtime
    );
    for (const peer of ["ours", ...here.map(({ name }) => name)]) {
      sides.push({ peer, runtime, command: [...command(file), name, peer] });
    }
  }
  return sides;
}

function isThere(program) {
  return spawnSync("sh", ["-c", 'command -v "$0"', program], { stdio: "ignore" }).status === 0;
}

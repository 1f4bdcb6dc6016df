// Compares packages with their peers:
//
//   npm run bench                        everything, in some minutes
//   npm run bench -- sys pipe --quick    some packages, roughly, in some seconds
//   npm run bench -- mux --only "64 B"   the comparison of that name, or those with it in theirs
//   npm run -s bench -- --json           one JSON object a line, and nothing else
//   npm run bench -- --all               everything, and the pages in docs/benchmarks
//   npm run bench -- --page              those pages again, from what was measured
//   npm run bench -- pool --page         the pages, with some packages measured anew
//
// CPU time is the figure to trust; the clock on the wall stands beside it. A ratio is what we cost
// by what they cost, so lower is better.
import { spawnSync } from "node:child_process";
import { loadavg } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { readArguments, refuse, requireNames } from "./arguments.mjs";
import { compare } from "./bench/compare.mjs";
import { comparisons, present, sidesOf } from "./bench/comparisons.mjs";
import { machine, versions } from "./bench/machine.mjs";
import { readResults, writePages, writeResults } from "./bench/publish.mjs";
import { json, result, table } from "./bench/report.mjs";
import { compile } from "./bench/yardstick.mjs";
import { packages, root } from "./files.mjs";
import { runtimes } from "./runtimes.mjs";

const { values: options, positionals: wanted } = readArguments({
  allowPositionals: true,
  options: {
    quick: { type: "boolean", default: false },
    json: { type: "boolean" },
    only: { type: "string" },
    all: { type: "boolean" },
    page: { type: "boolean" },
  },
});
requireNames(wanted, packages, "package");
const isPart = wanted.length > 0 || options.only !== undefined;
if (options.all && isPart) refuse("--all is of all packages");
if (options.page && options.json) refuse("--page has a table, and no lines of JSON");
const isKept = options.all || options.page;
const plan = options.quick
  ? { sittings: 1, warmUp: 500, rounds: 5, milliseconds: 50 }
  : { sittings: 5, warmUp: 1500, rounds: 5, milliseconds: 150 };
const limitSeconds = isKept ? (options.quick ? 120 : 900) : Infinity;

/** With --json, standard output is for results only. */
const say = options.json ? console.error : console.log;

if (options.page && !isPart) {
  writePages(readResults());
} else {
  const kept = options.page ? readResults() : undefined;
  const results = await measureAll();
  if (isKept) {
    const all = kept ? renewed(kept, results) : results;
    writeResults(all);
    writePages(all);
    say("The pages are in docs/benchmarks");
  }
}

async function measureAll() {
  build();
  for (const { name, command } of runtimes) {
    if (!command) say(`absent: ${name}, it is not installed`);
  }
  const begun = new Date();
  const chosen = selected();
  const results = [];
  for (const [index, comparison] of chosen.entries()) {
    if (isKept) {
      const seconds = Math.round((Date.now() - begun) / 1000);
      const title = `${comparison.package}: ${comparison.name}`;
      say(`${index + 1} of ${chosen.length}, ${seconds} s: ${title}`);
    }
    results.push(await measure(comparison));
  }
  return {
    minutes: Math.ceil((Date.now() - begun) / 60_000),
    quick: options.quick,
    machine: machine(),
    versions: versions(),
    runtimes: present.map(({ name }) => name),
    results,
  };
}

/** What was measured before, with that in its place which was measured now. */
function renewed(before, { results, machine, versions }) {
  const isOf = (one) => (other) => one.package === other.package && one.name === other.name;
  const old = before.results.map((one) => results.find(isOf(one)) ?? one);
  const more = results.filter((one) => !old.some(isOf(one)));
  return { ...before, machine, versions, results: [...old, ...more] };
}

function selected() {
  const all = comparisons(wanted);
  const { only = "" } = options;
  const named = all.filter(({ name }) => name === only);
  return named.length > 0 ? named : all.filter(({ name }) => name.includes(only));
}

/** What a comparison found, which is said at once; where pages are made, or why it failed. */
async function measure(comparison) {
  const circumstances = {
    date: new Date().toISOString().slice(0, 16).replace("T", " "),
    load: Number(loadavg()[0].toFixed(1)),
    quick: options.quick,
  };
  let absent = [];
  try {
    const found = sidesOf(comparison);
    absent = found.absent;
    for (const { peer, reason } of absent) say(`absent: ${peer}, since ${reason}`);
    if (comparison.partner) {
      process.env.BENCH_PARTNER = compile(comparison.partner, { isWhole: true });
    }
    const commands = new Map(found.sides.map((side) => [side, side.command]));
    const costs = await compare(commands, { ...plan, limitSeconds }, comparison.clock);
    const sides = found.sides.map((side) => ({ ...side, ...costs.get(side) }));
    console.log((options.json ? json : table)(comparison, sides));
    return result(comparison, { ...circumstances, absent, sides });
  } catch (error) {
    if (!isKept) throw error;
    say(`failed: ${error.message}\n`);
    process.exitCode = 1;
    return result(comparison, { ...circumstances, absent, failed: error.message });
  }
}

function build() {
  const tsc = spawnSync(join(root, "node_modules/.bin/tsc"), ["-b", join(root, "packages")], {
    stdio: ["ignore", 2, 2],
  });
  if (tsc.status !== 0) throw new Error("The packages do not compile");
}

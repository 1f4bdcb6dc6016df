// Compares each package with its peers: npm run bench [-- package...] [--quick] [--json]
//
// Every side runs in a process of its own. They take turns, so that what disturbs the machine
// disturbs all of them alike, and their medians are compared. CPU time is the figure to trust;
// the clock on the wall stands beside it.
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { compile, Side } from "./bench_side.mjs";
import { root, runtimes } from "./runtimes.mjs";

const { values: options, positionals: wantedPackages } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: "boolean" }, json: { type: "boolean" } },
});
const ROUNDS = options.quick ? 5 : 11;
const ROUND_MS = options.quick ? 50 : 200;

/** With --json, standard output is for results only. */
const say = options.json ? console.error : console.log;

function benchFiles() {
  const packages = readdirSync(join(root, "packages"));
  const unknown = wantedPackages.filter((name) => !packages.includes(name));
  if (unknown.length > 0) throw new Error(`there is no package called ${unknown.join(", ")}`);
  return (wantedPackages.length > 0 ? wantedPackages : packages).flatMap((name) => {
    const folder = join(root, "packages", name);
    const files = readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith("_bench.ts"));
    return files.map((entry) => ({ name, file: join(folder, entry.name) }));
  });
}

function build() {
  const tsc = spawnSync("node_modules/.bin/tsc", ["-b", "packages"], {
    cwd: root,
    stdio: ["ignore", 2, 2],
  });
  if (tsc.status !== 0) throw new Error("the packages do not compile");
}

/** The comparisons that a bench file declares. */
function comparisons(command) {
  const [program, ...args] = command;
  const listing = spawnSync(program, args, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
  if (listing.status !== 0) throw new Error(`failed: ${command.join(" ")}`);
  return listing.stdout.trim().split("\n").map((line) => JSON.parse(line));
}

/** Starts every side there is, ours first; says which ones there are not. */
function start(command, { name, peers }) {
  const sides = [new Side("ours", [...command, name, "ours"])];
  for (const { name: peer, source } of peers) {
    const peerCommand = source === undefined ? [...command, name, peer] : compiled(source);
    if (peerCommand) sides.push(new Side(peer, peerCommand));
    else say(`  absent: ${peer}, there is no C compiler called cc`);
  }
  return sides;
}

function compiled(source) {
  const program = compile(source);
  return program && [program];
}

/** Lets the sides take turns; each then has the medians of its rounds. */
async function compare(sides) {
  for (const side of sides) {
    await side.calibrate(ROUND_MS);
    side.rounds = [];
  }
  for (let round = 0; round < ROUNDS; round++) {
    // Every other round backwards, so that nobody always follows the same one.
    for (const side of round % 2 ? sides.toReversed() : sides) {
      side.rounds.push(await side.work(side.times));
    }
  }
  for (const side of sides) {
    side.cpu = median(side.rounds.map(({ cpu }) => cpu));
    side.wall = median(side.rounds.map(({ wall }) => wall));
    side.end();
  }
}

function median(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Three figures are all that repeats. */
const rounded = (number) => Number(number.toPrecision(number < 1000 ? 3 : 4));

function report(place, { name, bytes }, [ours, ...peers]) {
  // A nanosecond per byte is a second per gigabyte.
  const [unit, size] = bytes ? ["CPU s/GB", bytes] : ["CPU ns/op", 1];
  const figure = (number) => rounded(number / size);
  const row = (side) => ({
    side: side.name,
    [unit]: figure(side.cpu),
    [unit.replace("CPU", "wall")]: figure(side.wall),
    "ours / theirs": side === ours ? "" : rounded(ours.cpu / side.cpu),
  });
  if (!options.json) return console.table([ours, ...peers].map(row));
  for (const peer of peers) {
    console.log(JSON.stringify({
      package: place.package,
      case: name,
      runtime: place.runtime,
      peer: peer.name,
      unit,
      ours: figure(ours.cpu),
      theirs: figure(peer.cpu),
      ratio: rounded(ours.cpu / peer.cpu),
    }));
  }
}

const files = benchFiles();
build();
for (const { name: runtime, command } of runtimes) {
  if (!command) say(`absent: ${runtime}, it is not installed`);
  for (const { name, file } of command ? files : []) {
    for (const comparison of comparisons(command(file))) {
      say(`\n${name}: ${comparison.name}, in ${runtime}`);
      const sides = start(command(file), comparison);
      await compare(sides);
      report({ package: name, runtime }, comparison, sides);
    }
  }
}

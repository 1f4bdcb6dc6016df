// Sides that are programs of a few lines.
import assert from "node:assert/strict";
import process from "node:process";
import { test } from "uvu";
import { compare } from "./compare.mjs";
import { json, result } from "./report.mjs";

const plan = { sittings: 2, warmUp: 0, rounds: 3, milliseconds: 1, limitSeconds: Infinity };
const side = (script) => [process.execPath, "-e", script];
/** Says that one time took so many nanoseconds. */
const costing = (cpu, wall = cpu) =>
  side(`require("readline").createInterface(process.stdin)
    .on("line", (times) => console.log(times * ${cpu}, times * ${wall}))`);

const comparison = {
  package: "mux",
  file: "packages/mux/x_bench.ts",
  name: "x",
  clock: "cpu",
  peers: [{ name: "C" }, { name: "node:net" }],
};

test("what we cost is compared with each peer of the runtime, in every round", async () => {
  const sides = [
    { peer: "C", command: costing(1e6) },
    { peer: "ours", runtime: "node20", command: costing(2e6) },
    { peer: "node:net", runtime: "node20", command: costing(4e6) },
    { peer: "ours", runtime: "deno", command: costing(1.5e6) },
  ];
  const commands = new Map(sides.map((side) => [side, side.command]));
  const costs = await compare(commands, plan, "cpu");
  for (const { rounds } of costs.values()) assert.equal(rounds.length, 6);
  const measured = sides.map((side) => ({ ...side, ...costs.get(side) }));
  const kept = result(comparison, { absent: [], sides: measured });
  assert.deepEqual(kept.ratios, [
    { runtime: "node20", peer: "C", ratio: 2, low: 2, high: 2 },
    { runtime: "node20", peer: "node:net", ratio: 0.5, low: 0.5, high: 0.5 },
    { runtime: "deno", peer: "C", ratio: 1.5, low: 1.5, high: 1.5 },
  ]);
  assert.deepEqual(kept.ours, [
    { runtime: "node20", cost: 2e6 },
    { runtime: "deno", cost: 1.5e6 },
  ]);
  assert.equal(json(comparison, measured).split("\n").length, 3);
});

test("what a side costs before it is warm does not count", async () => {
  const command = side(`let begun;
    require("readline").createInterface(process.stdin).on("line", (times) => {
      const cost = Date.now() - (begun ??= Date.now()) < 100 ? 9e6 : 1e6;
      console.log(times * cost, times * cost);
    })`);
  const costs = await compare(new Map([["a", command]]), { ...plan, warmUp: 150 }, "cpu");
  assert.deepEqual(costs.get("a").rounds.map(({ cpu }) => cpu), Array(6).fill(1e6));
});

test("the spread is that of the middle half of the rounds", () => {
  const rounds = [9, 1, 2, 3, 4].map((cpu) => ({ cpu, wall: cpu }));
  const sides = [
    { peer: "ours", runtime: "deno", cpu: 3, wall: 3, rounds },
    { peer: "C", cpu: 1, wall: 1, rounds: rounds.map(() => ({ cpu: 1, wall: 1 })) },
  ];
  const [{ ratio, low, high }] = result(comparison, { absent: [], sides }).ratios;
  assert.deepEqual([ratio, low, high], [3, 2, 4]);
});

test("a side that ends too early says which error it had", async () => {
  const commands = new Map([[
    "a",
    side(`console.error("bench.ts:39\\n\\nError: no room\\n    at error"); process.exit(1)`),
  ]]);
  await assert.rejects(compare(commands, plan, "cpu"), { message: "Error: no room" });
});

test("a side that never answers is stopped at the limit", async () => {
  const commands = new Map([["a", side("setInterval(() => {}, 1000)")]]);
  const limited = { ...plan, limitSeconds: 0.2 };
  await assert.rejects(compare(commands, limited, "cpu"), {
    message: "took longer than 0.2 seconds",
  });
});

test.run();

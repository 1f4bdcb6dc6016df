import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { cpuOf, ownCpu } from "./bench.ts";
import { test } from "uvu";

test("the CPU time of another process grows while it works, and not while it rests", async () => {
  const child = spawn("sh", ["-c", "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; echo; cat"]);
  await once(child.stdout, "data");
  const worked = cpuOf(child.pid!);
  assert.ok(worked > 1e6, `${worked} ns for 200000 rounds`);
  const before = ownCpu();
  while (ownCpu() - before < 20e6);
  assert.ok(cpuOf(child.pid!) - worked < 10e6);
  child.stdin.end();
  await once(child, "exit");
  assert.throws(() => cpuOf(child.pid!), { code: "ENOENT" });
});

test("that of all threads is counted", () => {
  const [before, ownBefore] = [cpuOf(process.pid), ownCpu()];
  while (ownCpu() - ownBefore < 50e6);
  const [spent, own] = [cpuOf(process.pid) - before, ownCpu() - ownBefore];
  assert.ok(Math.abs(spent - own) < own / 2, `${spent} ns, or ${own}`);
});

test.run();

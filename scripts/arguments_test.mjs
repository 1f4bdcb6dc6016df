// Whoever mistypes something is told so in a line, by every script alike.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import process from "node:process";
import { test } from "uvu";
import { root } from "./files.mjs";

const scripts = [
  "bench",
  "check",
  "check_c",
  "docs",
  "pack",
  "release",
  "stress",
  "sync_versions",
  "test",
  "tour",
  "try_tarballs",
];

function run(script, ...args) {
  const file = join(root, "scripts", `${script}.mjs`);
  return spawnSync(process.execPath, [file, ...args], {
    cwd: root,
    encoding: "utf8",
    timeout: 20_000,
  });
}

function assertRefused({ status, stdout, stderr }, line) {
  assert.deepEqual({ status, stdout, stderr }, { status: 2, stdout: "", stderr: `${line}\n` });
}

for (const script of scripts) {
  test(`${script}: an option that there is not is one line and exit code 2`, () => {
    assertRefused(run(script, "--nope"), "Unknown option '--nope'");
  });
}

test("so is an option that lacks its value, or has one too many", () => {
  assertRefused(run("test", "--runtime"), "Option '--runtime <value>' argument missing");
  assertRefused(run("tour", "--list=all"), "Option '--list' does not take an argument");
});

test("so is a word for which there is nothing", () => {
  const refused = [
    ["bench", "nope"],
    ["check", "nope"],
    ["check_c", "nope"],
    ["docs", "nope"],
    ["stress", "nope"],
    ["test", "--runtime", "nope"],
    ["tour", "nope"],
  ];
  for (const [script, ...args] of refused) {
    const { status, stdout, stderr } = run(script, ...args);
    assert.deepEqual([status, stdout], [2, ""], script);
    assert.match(stderr, /^[^\n]*nope[^\n]*\n$/);
  }
});

test.run();

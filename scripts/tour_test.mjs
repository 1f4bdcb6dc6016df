// The tour is a program among others: it is piped, and cut short.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import process from "node:process";
import { test } from "uvu";
import { root } from "./files.mjs";

const tour = [process.execPath, join(root, "scripts/tour.mjs")];

test("the tour lists its chapters", () => {
  const [program, ...args] = tour;
  const { status, stdout } = spawnSync(program, [...args, "--list"], { encoding: "utf8" });
  assert.equal(status, 0);
  assert.match(stdout, /^pipes +\w/m);
});

test("the tour ends quietly when its reader leaves", () => {
  const script = '{ "$@"; echo "ended with $?" >&2; } | head -n 1';
  const { stdout, stderr } = spawnSync("sh", ["-c", script, "sh", ...tour, "pipes"], {
    encoding: "utf8",
  });
  assert.deepEqual([stdout, stderr], ["\n", "ended with 0\n"]);
});

test.run();

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { type SignalName, signalName, signalNumber, signals } from "@posixly/fd";
import { testNeeding } from "@posixly/testing";
import fc from "fast-check";
import { test } from "uvu";

test("names and numbers go back and forth", () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 64 }), (number) => {
    const name = signalName(number);
    assert.equal(name.startsWith("SIG"), true);
    assert.equal(signalNumber(number), number);
    if (name in signals) assert.equal(signalNumber(name as SignalName), number);
    else assert.equal(name, `SIG${number}`);
  }));
});

testNeeding("python3", "the names are those of python", () => {
  const program = "import signal, json; print(json.dumps({s.name: s for s in signal.Signals}))";
  const theirs = JSON.parse(execFileSync("python3", ["-c", program], { encoding: "utf8" }));
  for (const [name, number] of Object.entries(signals)) {
    if (name in theirs) assert.equal(number, theirs[name], name);
  }
  assert.ok(Object.keys(signals).filter((name) => name in theirs).length >= 28);
});

test("bad input is refused", () => {
  for (const bad of [0, -1, 65, Infinity]) {
    assert.throws(() => signalNumber(bad), RangeError);
    assert.throws(() => signalName(bad), RangeError);
  }
  for (const bad of ["SIGNOTHING", "sigterm", "TERM", "toString", "", null, undefined, {}]) {
    assert.throws(() => signalNumber(bad as SignalName), /signal must be one of SIGHUP, /);
    assert.throws(() => signalName(bad as number), TypeError);
  }
  assert.throws(() => signalNumber(1.5), TypeError);
});

test.run();

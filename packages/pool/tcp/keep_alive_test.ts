import assert from "node:assert/strict";
import fc from "fast-check";
import { test } from "uvu";
import { keepAliveOf, restWithin } from "./keep_alive.ts";

test("a connection rests for 2 s less than the server keeps it, and for 10 minutes at most", () => {
  fc.assert(fc.property(fc.double({ min: 0, noNaN: true }), (promised) => {
    const rest = restWithin(promised);
    assert.ok(rest >= 0 && rest <= 600_000);
    if (rest > 0) assert.ok(rest <= promised - 2_000);
    if (promised > 2_000) assert.ok(rest > 0);
  }));
  assert.deepEqual([0, 2_000, 2_001, 602_000, 602_001].map(restWithin), [
    0,
    0,
    1,
    600_000,
    600_000,
  ]);
  for (const wrong of [NaN, "5", undefined]) {
    assert.throws(() => restWithin(wrong as number), TypeError);
  }
});

test("the header Keep-Alive is read as servers write it", () => {
  const said: [string, number | undefined][] = [
    ["timeout=5", 5_000],
    ["timeout=5, max=100", 5_000],
    ["max=100,timeout=5", 5_000],
    ["max=100; Timeout=5", 5_000],
    ['timeout="15"', 15_000],
    ["timeout=0", 0],
    ["max=100", undefined],
    ["retimeout=5", undefined],
    ["timeout=", undefined],
    ["timeout=soon", undefined],
    ["", undefined],
  ];
  for (const [header, promised] of said) assert.equal(keepAliveOf(header), promised, header);
});

test.run();

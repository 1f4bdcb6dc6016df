import assert from "node:assert/strict";
import fc from "fast-check";
import { test } from "uvu";
import { wish } from "./accept_encoding.ts";

for (
  const [header, br, gzip] of [
    ["gzip, deflate, br", 1, 1],
    ["br;q=0.5, gzip;q=0.8", 0.5, 0.8],
    ["BR ; Q=0.5", 0.5, 0],
    ["gzip;q=0", 0, 0],
    ["*", 1, 1],
    ["*;q=0.1, br", 1, 0.1],
    ["br, *;q=0", 1, 0],
    ["x-gzip", 0, 1],
    ["identity", 0, 0],
    ["", 0, 0],
    ["br;q=2", 0, 0],
    ["br;q=1.5", 1, 0],
    ["br;q=0.12345", 0, 0],
    ["br;level=3", 0, 0],
    ["brgzip", 0, 0],
    [";;;,,,", 0, 0],
  ] as const
) {
  test(`how much is wanted by ${header || "nothing"}`, () => {
    assert.deepEqual([wish(header, "br"), wish(header, "gzip")], [br, gzip]);
  });
}

test("what is wanted is between not at all and only that, whatever was written", () =>
  fc.assert(fc.property(
    fc.array(fc.oneof(fc.string(), fc.constantFrom("br", ";", "q=", "0.", "1", ",", "*", " "))),
    (parts) => {
      const wanted = wish(parts.join(""), "br");
      assert.ok(wanted >= 0 && wanted <= 1);
    },
  )));

test.run();

import assert from "node:assert/strict";
import fc from "fast-check";
import { test } from "uvu";
import { NumberedCalls } from "./numbered_calls.ts";

const LAST = 2 ** 32 - 1;

/** Where the kernel has counted to when it begins: often so far that the count soon wraps. */
const start = fc.oneof(fc.constant(0), fc.integer({ min: LAST - 20, max: LAST }), fc.nat(LAST));

/** How many calls each message of the kernel is about, and who comes when. */
const merged = fc.record({
  start,
  parts: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 30 }),
  order: fc.infiniteStream(fc.nat()),
  repeated: fc.infiniteStream(fc.boolean()),
});

test("whatever the kernel merges and in whatever order it tells, each call is taken once", () => {
  fc.assert(fc.property(merged, ({ start, parts, order, repeated }) => {
    const calls = new NumberedCalls<number>(start);
    const ranges: { first: number; last: number; given: number[] }[] = [];
    let given = 0;
    for (const length of parts) {
      const first = (start + given) >>> 0;
      const range = { first, last: (first + length - 1) >>> 0, given: [] as number[] };
      for (let i = 0; i < length; i++) {
        calls.add(given);
        range.given.push(given++);
      }
      ranges.push(range);
    }
    assert.equal(calls.size, given);
    let left = given;
    while (ranges.length > 0) {
      const [range] = ranges.splice(order.next().value! % ranges.length, 1);
      assert.deepEqual(calls.take(range.first, range.last).sort((a, b) => a - b), range.given);
      if (repeated.next().value) assert.deepEqual(calls.take(range.first, range.last), []);
      assert.equal(calls.size, left -= range.given.length);
    }
    assert.equal(left, 0);
  }));
});

test("what is told of calls that were never made takes nothing", () => {
  fc.assert(fc.property(start, fc.nat(LAST), (start, first) => {
    const calls = new NumberedCalls<string>(start);
    calls.add("only");
    const isIt = first === start;
    assert.deepEqual(calls.take(first, first), isIt ? ["only"] : []);
  }));
});

test("ranges that overlap take each call once", () => {
  const calls = new NumberedCalls<number>(LAST - 1);
  for (let i = 0; i < 5; i++) calls.add(i);
  assert.deepEqual(calls.take(LAST, 1), [1, 2, 3]);
  assert.deepEqual(calls.take(LAST - 1, 2), [0, 4]);
  assert.deepEqual(calls.take(0, LAST), []);
});

test("a call that failed and was counted all the same moves the count", () => {
  const calls = new NumberedCalls<string>();
  calls.add("first");
  assert.deepEqual(calls.take(1, 1), []); // which failed
  calls.add("second");
  assert.deepEqual(calls.take(2, 2), ["second"]);
  assert.deepEqual(calls.take(0, 1), ["first"]);
  assert.deepEqual([...calls], []);
});

test.run();

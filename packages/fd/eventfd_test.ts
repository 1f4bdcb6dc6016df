import assert from "node:assert/strict";
import { EventFd, eventfd, getFlags, write } from "@posixly/fd";
import { withoutLeaks } from "@posixly/testing";
import fc from "fast-check";
import { test } from "uvu";

const MAX = 2n ** 64n - 2n;
const amount = fc.oneof(fc.nat(), fc.bigInt(0n, 100n), fc.bigInt(0n, MAX));
const steps = fc.array(fc.oneof(amount, fc.constant("take" as const)), { maxLength: 40 });
const asBigInt = (n: number | bigint | null) => n === null ? null : BigInt(n);

test("an eventfd is a counter, however it is added to and taken from", () =>
  withoutLeaks(() => {
    fc.assert(fc.property(fc.nat(), steps, (initial, steps) => {
      using counter = eventfd(initial);
      let model = BigInt(initial);
      for (const step of steps) {
        if (step === "take") {
          assert.equal(asBigInt(counter.take()), model === 0n ? null : model);
          model = 0n;
        } else {
          const fits = model + BigInt(step) <= MAX;
          assert.equal(counter.add(step), fits ? true : null);
          if (fits) model += BigInt(step);
        }
      }
    }));
  }));

test("a semaphore gives one at a time", () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: 20 }), fc.nat(20), (initial, added) => {
    using tokens = eventfd(initial, { semaphore: true });
    tokens.add(added);
    for (let i = 0; i < initial + added; i++) assert.equal(tokens.take(), 1);
    assert.equal(tokens.take(), null);
  }));
});

test("64 bits are exact: a number where it can be, else a bigint", () => {
  using counter = eventfd();
  for (const n of [Number.MAX_SAFE_INTEGER, 2n ** 53n, 2n ** 53n + 1n, MAX - 1n, MAX]) {
    assert.equal(counter.add(n), true);
    assert.equal(counter.take(), n);
  }
  counter.add(MAX);
  assert.equal(counter.add(1), null); // full
  assert.equal(counter.add(0), true);
  assert.equal(counter.take(), MAX);
});

test("it begins close-on-exec and non-blocking", () => {
  using counter = eventfd();
  const { closeOnExec, nonBlocking } = getFlags(counter);
  assert.deepEqual([closeOnExec, nonBlocking], [true, true]);
});

test("one that came as a number is taken over", () => {
  using counter = new EventFd(eventfd(3).release());
  write(counter, new BigUint64Array([4n]));
  assert.equal(counter.take(), 7);
});

test("bad input is refused before the call", () =>
  withoutLeaks(() => {
    for (const bad of [-1, 2 ** 32, Infinity]) assert.throws(() => eventfd(bad), RangeError);
    for (const bad of [0.5, NaN, "1", null, 1n]) {
      assert.throws(() => eventfd(bad as number), TypeError);
    }
    assert.throws(() => eventfd(0, { semaphore: 1 as never }), TypeError);
    assert.throws(() => eventfd(0, { semafor: true } as never), /there is no option semafor/);

    using counter = eventfd();
    for (const bad of [-1, -1n, MAX + 1n, 2n ** 64n, 2 ** 53, 2 ** 64]) {
      assert.throws(() => counter.add(bad), RangeError);
    }
    for (const bad of [0.5, NaN, "1", undefined]) {
      assert.throws(() => counter.add(bad as number), TypeError);
    }
    assert.equal(counter.take(), null); // none of this was added
    counter.close();
    assert.throws(() => counter.add(1), { message: "Cannot use a descriptor that was closed" });
    assert.throws(() => counter.take(), { message: "Cannot use a descriptor that was closed" });
  }));

test.run();

import assert from "node:assert/strict";
import { setImmediate } from "node:timers";
import { eventfd } from "@posixly/fd";
import { readable, readiness, whenReadable, whenWritable } from "@posixly/mux";
import { timerFires, turns, withoutLeaks } from "@posixly/testing";
import fc from "fast-check";
import { test } from "uvu";

/** Leaves no room. */
const FULL = 2n ** 64n - 2n;

test("a call that succeeds at once is made once, and nothing is opened for it", () =>
  withoutLeaks(async () => {
    using counter = eventfd(3);
    let calls = 0;
    const take = () => {
      calls++;
      return counter.take();
    };
    assert.equal(await whenReadable(counter, take), 3);
    assert.equal(await whenWritable(counter, () => counter.add(1)), true);
    assert.equal(calls, 1);
  }));

test("a call that would block is made again when it need not, as often as others are quicker", () =>
  withoutLeaks(() =>
    fc.assert(
      fc.asyncProperty(fc.nat({ max: 5 }), async (thieves) => {
        using counter = eventfd();
        let calls = 0;
        const taken = whenReadable(counter, () => {
          // All but the last time somebody else has it before.
          if (calls++ <= thieves) counter.take();
          return counter.take();
        });
        for (let times = 0; times <= thieves; times++) {
          counter.add(1);
          await readable(counter);
          await turns(1);
        }
        assert.equal(await taken, 1);
        assert.equal(calls, thieves + 2);
      }),
      { numRuns: 20 },
    )
  ));

test("a call that writes is made again when there is room", () =>
  withoutLeaks(async () => {
    using counter = eventfd();
    counter.add(FULL);
    const added = whenWritable(counter, () => counter.add(1));
    await turns();
    assert.equal(counter.take(), FULL);
    assert.equal(await added, true);
    assert.equal(counter.take(), 1);
  }));

test("what the call throws is thrown, and anything but null is its result", async () => {
  using counter = eventfd(1);
  const fail = () => {
    throw new Error("failed");
  };
  await assert.rejects(whenReadable(counter, fail), { message: "failed" });
  for (const result of [0, "", false, undefined]) {
    assert.equal(await whenReadable(counter, () => result), result);
  }
});

test("calls that always succeed let timers fire and signals abort", async () => {
  using counter = eventfd(1);
  const controller = new AbortController();
  timerFires().then(() => controller.abort(new Error("enough")));
  const busy = async () => {
    for (;;) await whenReadable(counter, () => 1, { signal: controller.signal });
  };
  await assert.rejects(busy(), { message: "enough" });
});

test("calls that never succeed, though it is always ready, let others go on and end in time", async () => {
  using counter = eventfd(1);
  const never = () => null;
  await assert.rejects(whenReadable(counter, never, { timeout: 3 }), { name: "TimeoutError" });
  let immediates = 0;
  const controller = new AbortController();
  const count = () => {
    if (++immediates < 10) setImmediate(count);
    else controller.abort(new Error("enough"));
  };
  setImmediate(count);
  const { signal } = controller;
  await assert.rejects(whenReadable(counter, never, { signal }), { message: "enough" });
});

test("the time goes on while others are quicker", async () => {
  using counter = eventfd();
  const wait = whenReadable(counter, () => {
    counter.take();
    return null;
  }, { timeout: 5 });
  const ended = assert.rejects(wait, { name: "TimeoutError" });
  let isOver = false;
  ended.then(() => isOver = true);
  while (!isOver) {
    counter.add(1);
    await turns(1);
  }
  await ended;
});

test("without any time the call is made once, and that is all", async () => {
  using counter = eventfd();
  let calls = 0;
  const attempt = () => {
    calls++;
    return counter.take();
  };
  await assert.rejects(whenReadable(counter, attempt, { timeout: 0 }), { name: "TimeoutError" });
  assert.equal(calls, 1);
  counter.add(2);
  assert.equal(await whenReadable(counter, attempt, { timeout: 0 }), 2);
});

test("options that are none, and a signal that has aborted, keep the call from being made", async () => {
  using counter = eventfd(1);
  const attempt = () => assert.fail("called");
  const signal = AbortSignal.abort(new Error("before"));
  await assert.rejects(whenReadable(counter, attempt, { signal }), { message: "before" });
  await assert.rejects(whenReadable(counter, attempt, { timeout: -1 }), RangeError);
  await assert.rejects(whenReadable(counter, attempt, null as never), TypeError);
  await assert.rejects(whenWritable(counter, attempt, { until: 1 } as never), TypeError);
});

test("closing the descriptor ends the wait", async () => {
  const counter = eventfd();
  const wait = assert.rejects(whenReadable(counter, () => counter.take()), /was closed/);
  await turns(1);
  counter.close();
  await wait;
});

test("each time that a descriptor is ready is an iteration, until the loop is left", () =>
  withoutLeaks(async () => {
    using counter = eventfd(3, { semaphore: true });
    let times = 0;
    for await (const { readable, writable } of readiness(counter, { readable: true })) {
      assert.deepEqual([readable, writable], [true, false]);
      counter.take();
      if (++times === 3) setImmediate(() => counter.add(1));
      if (times === 4) break;
    }
    assert.equal(times, 4);
  }));

test("an iteration ends with an error when the descriptor is closed, or a signal aborts", async () => {
  const counter = eventfd();
  const controller = new AbortController();
  const { signal } = controller;
  const first = readiness(counter, { readable: true }, { signal }).next();
  const second = readiness(counter, { writable: true, readable: true });
  assert.equal((await second.next()).value?.writable, true);
  controller.abort(new Error("enough"));
  await assert.rejects(first, { message: "enough" });
  counter.close();
  await assert.rejects(second.next(), /was closed/);
  await assert.rejects(readiness(counter, {}).next(), TypeError);
});

test("an iteration over what is always ready lets timers fire", async () => {
  using counter = eventfd(1);
  let isOver = false;
  timerFires().then(() => isOver = true);
  for await (const _ of readiness(counter, { readable: true })) if (isOver) break;
});

test.run();

import assert from "node:assert/strict";
import { errno, watch } from "@posixly/sys";
import { type Clock, getFlags, TimerFd, timerfd, type TimerSetting } from "@posixly/fd";
import { withoutLeaks } from "@posixly/testing";
import fc from "fast-check";
import { test } from "uvu";
import { libc } from "./libc.ts";
import { toTimespec } from "./time.ts";

const clocks: Clock[] = ["monotonic", "realtime", "boottime"];

const expired = (timer: TimerFd) =>
  new Promise<void>((resolve) => {
    const watching = watch(timer.fd, () => {
      watching.close();
      resolve();
    });
  });

for (const clock of clocks) {
  test(`a ${clock} timer expires once, and not before`, async () => {
    using timer = timerfd(clock);
    assert.equal(timer.left(), null);
    assert.equal(timer.expirations(), null);
    const start = process.hrtime.bigint();
    timer.set({ after: 2.5 });
    assert.equal(timer.expirations(), null);
    await expired(timer);
    assert.ok(process.hrtime.bigint() - start >= 2_500_000n);
    assert.equal(timer.expirations(), 1);
    assert.equal(timer.expirations(), null);
    assert.equal(timer.left(), null);
  });
}

test("an interval goes on, and counts what nobody took", async () => {
  using timer = timerfd();
  timer.set({ after: 0, every: 0.1 });
  await expired(timer);
  const start = process.hrtime.bigint();
  assert.ok(timer.expirations()! >= 1);
  while (process.hrtime.bigint() - start < 1_000_000n);
  assert.ok(timer.expirations()! >= 9);
  timer.stop();
  assert.equal(timer.expirations(), null);
  assert.equal(timer.left(), null);
});

test("zero and what is past are at once, not never", async () => {
  for (const clock of clocks) {
    for (const setting of [{ after: 0 }, { at: 0 }, { at: { seconds: 0 } }, { at: 1 }]) {
      using timer = timerfd(clock);
      timer.set(setting);
      await expired(timer);
      assert.equal(timer.expirations(), 1);
    }
  }
});

test("the time that is left is exact to the nanosecond", () => {
  using timer = timerfd();
  timer.set({ after: { seconds: 2n ** 32n, nanoseconds: 999_999_999 } });
  const { seconds, nanoseconds } = timer.left()!;
  assert.ok(BigInt(seconds) <= 2n ** 32n && BigInt(seconds) > 2n ** 32n - 60n);
  assert.ok(nanoseconds < 1e9);
  timer.set({ every: 60_000 });
  const left = timer.left()!.seconds;
  assert.ok(left > 30 && left < 60, `${left} s`); // somebody else may have had the processor
});

test("milliseconds become seconds and nanoseconds, rounded", () => {
  const cases: [number, number, number][] = [
    [0, 0, 0],
    [1, 0, 1_000_000],
    [0.000001, 0, 1],
    [0.3, 0, 300_000],
    [1.1, 0, 1_100_000],
    [999.9999999, 1, 0],
    [1_800_000_000_123, 1_800_000_000, 123_000_000],
  ];
  for (const [ms, tv_sec, tv_nsec] of cases) {
    assert.deepEqual(toTimespec(ms, "after"), { tv_sec, tv_nsec });
  }
  fc.assert(fc.property(fc.double({ min: 0, max: 1e12, noNaN: true }), (ms) => {
    const { tv_sec, tv_nsec } = toTimespec(ms, "after");
    assert.ok(Number.isInteger(tv_sec) && tv_nsec >= 0 && tv_nsec < 1e9);
    assert.ok(Math.abs(Number(tv_sec) * 1000 + tv_nsec / 1e6 - ms) <= 1e-6 + ms * 2 ** -51);
  }));
});

test("a clock that was set is a value, not an error", () => {
  using timer = timerfd("realtime");
  timer.set({ at: Date.now() + 60_000, cancelOnSet: true });
  assert.equal(timer.expirations(), null);

  const { read, timerfd_settime } = libc;
  try { // setting the clock of the machine would be too much
    libc.read = () => -errno.ECANCELED;
    libc.timerfd_settime = () => -errno.ECANCELED;
    assert.equal(timer.expirations(), 0);
    timer.set({ after: 60_000 });
  } finally {
    Object.assign(libc, { read, timerfd_settime });
  }
});

test("it begins close-on-exec and non-blocking", () => {
  using timer = timerfd();
  const { closeOnExec, nonBlocking } = getFlags(timer);
  assert.deepEqual([closeOnExec, nonBlocking], [true, true]);
});

test("bad input is refused before the call", () =>
  withoutLeaks(() => {
    for (const bad of ["sundial", "constructor", 1, null]) {
      assert.throws(() => timerfd(bad as Clock), /clock must be one of monotonic, realtime/);
      assert.throws(() => new TimerFd(0, bad as Clock), TypeError);
    }
    using timer = timerfd();
    const set = (setting: object) => () => timer.set(setting as TimerSetting);
    assert.throws(set({}), /a timer needs a time/);
    assert.throws(set({ after: 1, at: 1 }), /not both/);
    assert.throws(set({ after: 1, evry: 1 }), /there is no option evry/);
    assert.throws(set({ at: 1, cancelOnSet: 1 }), /cancelOnSet must be true or false/);
    assert.throws(set({ every: 0 }), /every must be more than 0/);
    assert.throws(set({ after: 1, cancelOnSet: true }), /cancelOnSet is only for/);
    assert.throws(set({ at: 1, cancelOnSet: true }), /cancelOnSet is only for/); // monotonic
    for (const bad of [-1, -0.1, 2 ** 53, Infinity, { seconds: -1 }, { seconds: 2n ** 63n }]) {
      assert.throws(set({ after: bad }), RangeError);
    }
    assert.throws(set({ at: { seconds: 1, nanoseconds: 1e9 } }), /at.nanoseconds must be between/);
    for (const bad of [NaN, "1", 1n, null, {}, { nanoseconds: 1 }, { seconds: 0.5 }]) {
      assert.throws(set({ after: bad }), /^TypeError: after/);
      assert.throws(set({ at: bad }), /^TypeError: at/);
      assert.throws(set({ every: bad }), /^TypeError: every/);
    }
    assert.equal(timer.left(), null); // none of this set it
    timer.close();
    for (const use of [set({ after: 1 }), () => timer.left(), () => timer.expirations()]) {
      assert.throws(use, { message: "Cannot use a descriptor that was closed" });
    }
  }));

test.run();

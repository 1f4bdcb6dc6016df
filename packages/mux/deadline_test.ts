import assert from "node:assert/strict";
import process from "node:process";
import { eventfd, type Time } from "@posixly/fd";
import { type BlockOptions, epoll, EpollEvents, poll, select } from "@posixly/mux";
import { errno } from "@posixly/sys";
import { withoutLeaks } from "@posixly/testing";
import fc from "fast-check";
import { test } from "uvu";
import { deadlineOf, LONGEST, millisecondsLeft, timeLeft } from "./deadline.ts";
import { libc, timespec } from "./libc.ts";

const quiet = eventfd();
const busy = eventfd(1);
const set = epoll();
set.add(quiet, { readable: true });
const events = new EpollEvents(4);
test.after(() => [quiet, busy, set].forEach((fd) => fd.close()));

/** The calls that wait, each for a descriptor that is not ready: how many were ready after all. */
const waits: Record<string, (options: BlockOptions) => number> = {
  pselect: (options) => select({ readable: [quiet] }, options).readable.length,
  ppoll: (options) => poll([{ fd: quiet, readable: true }], options).length,
  syscall$epoll_pwait2: (options) => set.wait(events, options),
  epoll_pwait: (options) => withoutPwait2(() => set.wait(events, options)),
};

type Call = (...args: unknown[]) => number;
const functions = libc as unknown as Record<string, Call>;

/** Has one function of the C side replaced while something runs. */
function replacing<T>(name: string, replacement: (call: Call) => Call, run: () => T): T {
  const call = functions[name];
  functions[name] = replacement(call);
  try {
    return run();
  } finally {
    functions[name] = call;
  }
}

/** As on a kernel before Linux 5.11. */
function withoutPwait2<T>(run: () => T): T {
  return replacing("syscall$epoll_pwait2", () => () => -errno.ENOSYS, run);
}

function nanosecondsOf(bytes: Uint8Array): bigint {
  const { tv_sec, tv_nsec } = timespec.decode(bytes);
  return BigInt(tv_sec) * 1_000_000_000n + BigInt(tv_nsec);
}

for (const [name, wait] of Object.entries(waits)) {
  test(`${name}: a fifth of a millisecond is waited in one call, and never less`, () => {
    for (const timeout of [0.2, { seconds: 0, nanoseconds: 200_000 }]) {
      let calls = 0;
      const counted = (call: Call): Call => (...args) => {
        calls++;
        return call(...args);
      };
      for (let i = 1; i <= 20; i++) {
        const start = process.hrtime.bigint();
        assert.equal(replacing(name, counted, () => wait({ timeout })), 0);
        assert.ok(process.hrtime.bigint() - start >= 200_000n);
        assert.equal(calls, i);
      }
    }
  });

  test(`${name}: what was interrupted goes on with the time that is left`, () => {
    const times: unknown[] = [];
    const isShort = name === "epoll_pwait";
    const interrupting = (call: Call): Call => (...args) => {
      // The time is a `struct timespec`, and used again; or milliseconds.
      const time = isShort ? args[3] as number : args.find(isTimespec) as Uint8Array;
      times.push(typeof time === "number" ? BigInt(time) * 1_000_000n : nanosecondsOf(time));
      if (times.length > 4) return call(...args);
      const start = process.hrtime.bigint();
      while (process.hrtime.bigint() - start < 3_000_000n);
      return -errno.EINTR;
    };
    const start = process.hrtime.bigint();
    assert.equal(replacing(name, interrupting, () => wait({ timeout: 20 })), 0);
    assert.ok(process.hrtime.bigint() - start >= 20_000_000n);
    assert.equal(times.length, 5);
    // What was kept from going on took 3 milliseconds each time, of which whole ones count.
    const step = isShort ? 2_000_000n : 3_000_000n;
    for (let i = 1; i < 5; i++) {
      const [before, after] = [times[i - 1] as bigint, times[i] as bigint];
      assert.ok(after <= before - step || after === 0n, `${before} is followed by ${after}`);
    }
  });

  test(`${name}: without a time nothing waits, however often it is interrupted`, () => {
    const called = name.includes("epoll") ? "epoll_wait" : name;
    let interruptions = 0;
    const interrupting = (call: Call): Call => (...args) =>
      interruptions++ < 3 ? -errno.EINTR : call(...args);
    for (const options of [{}, { timeout: 0 }, { timeout: -0 }, { timeout: { seconds: 0 } }]) {
      interruptions = 0;
      assert.equal(replacing(called, interrupting, () => wait(options)), 0);
      assert.equal(interruptions, 4);
    }
  });

  test(`${name}: a time that is none is refused before the call`, () =>
    withoutLeaks(() => {
      const refused = () => assert.fail("the call was made");
      const refuse = (timeout: unknown) =>
        assert.throws(
          () => replacing(name, () => refused, () => wait({ timeout: timeout as Time })),
          /^(Type|Range)Error: timeout/,
        );
      for (const bad of [NaN, "1", 1n, null, true, {}, { seconds: 0.5 }, () => 1]) refuse(bad);
      for (const bad of [-1, -0.1, -Infinity, 2 ** 53, { seconds: -1 }]) refuse(bad);
      for (const nanoseconds of [-1, 1e9, 0.5]) refuse({ seconds: 1, nanoseconds });
    }));
}

function isTimespec(value: unknown): boolean {
  return value instanceof Uint8Array && value.byteLength === timespec.size;
}

test("what is ready ends a wait at once, however long it might have been", () => {
  using both = epoll();
  both.add(busy, { readable: true });
  const ready = { fd: busy, readable: true };
  const exact = { seconds: 2n ** 63n - 1n, nanoseconds: 999_999_999 };
  for (const timeout of [Infinity, LONGEST + 1, 1e12, 2 ** 53 - 1, exact]) {
    assert.equal(select({ readable: [busy] }, { timeout }).readable.length, 1);
    assert.equal(poll([ready], { timeout }).length, 1);
    assert.equal(both.wait(events, { timeout }), 1);
    assert.equal(withoutPwait2(() => both.wait(events, { timeout })), 1);
  }
});

test("a wait of weeks that the kernel cannot take at once is taken in parts", () => {
  const timeouts: unknown[] = [];
  const shorter = () => (...args: unknown[]) => {
    timeouts.push(args[3]);
    return timeouts.length < 3 ? 0 : 1;
  };
  const wait = () => set.wait(events, { timeout: 2 ** 40 });
  assert.equal(withoutPwait2(() => replacing("epoll_pwait", shorter, wait)), 1);
  assert.deepEqual(timeouts, [LONGEST, LONGEST, LONGEST]);
});

test("a container that forbids epoll_pwait2 is like a kernel without it", () => {
  const forbidden = () => () => -errno.EPERM;
  const start = process.hrtime.bigint();
  const wait = () => set.wait(events, { timeout: 0.7 });
  assert.equal(replacing("syscall$epoll_pwait2", forbidden, wait), 0);
  assert.ok(process.hrtime.bigint() - start >= 1_000_000n); // rounded up
});

test("time is rounded up, never down, and none stays none", () => {
  assert.equal(deadlineOf(), 0);
  assert.equal(deadlineOf({ seconds: 0, nanoseconds: 0 }), 0);
  assert.equal(deadlineOf(Infinity), Infinity);
  assert.equal(nanosecondsOf(timeLeft(0)!), 0n);
  assert.equal(timeLeft(Infinity), null);
  assert.deepEqual([millisecondsLeft(0), millisecondsLeft(Infinity)], [0, -1]);

  const now = performance.now;
  try {
    let clock = 1234.5678;
    performance.now = () => clock;
    const durations = fc.double({ min: 1e-9, max: 1e9, noNaN: true });
    fc.assert(fc.property(durations, durations, (timeout, elapsed) => {
      const deadline = deadlineOf(timeout);
      const left = Number(nanosecondsOf(timeLeft(deadline)!)) / 1e6;
      assert.ok(left > 0 && left >= timeout - timeout * 2 ** -50 - 1e-9);
      assert.ok(left < timeout + timeout * 2 ** -50 + 3e-6);
      assert.equal(millisecondsLeft(deadline), Math.ceil(deadline - clock));

      clock += elapsed;
      const rest = Number(nanosecondsOf(timeLeft(deadline)!)) / 1e6;
      assert.ok(Math.abs(rest - Math.max(timeout - elapsed, 0)) < 2e-6 + timeout * 2 ** -50);
      clock -= elapsed;
    }));
  } finally {
    performance.now = now;
  }
});

test.run();

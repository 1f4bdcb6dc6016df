import assert from "node:assert/strict";
import { turns, withoutLeaks } from "@posixly/testing";
import fc from "fast-check";
import { test } from "uvu";
import { type Connection, connectionPair } from "@posixly/socket";
import type { Clock } from "../clock.ts";
import { Resting } from "./resting.ts";
import { TcpPool } from "./tcp_pool.ts";
import type { Transport } from "./transport.ts";

/** Time that goes by when it is told to. */
function clockwork() {
  let now = 0;
  const timers = new Map<object, { at: number; callback: () => void }>();
  const clock: Clock = {
    now: () => now,
    setTimeout(callback, delay) {
      const timer = {};
      timers.set(timer, { at: now + delay, callback });
      return timer;
    },
    clearTimeout: (timer) => void timers.delete(timer as object),
  };
  const advance = (time: number) => {
    const until = now + time;
    for (;;) {
      const due = [...timers].filter(([, { at }]) => at <= until);
      if (due.length === 0) break;
      const [timer, { at, callback }] = due.reduce((a, b) => b[1].at < a[1].at ? b : a);
      timers.delete(timer);
      now = Math.max(now, at);
      callback();
    }
    now = until;
  };
  return { clock, advance, timers };
}

class Thing {
  closed = false;
}

const things: Transport<Thing> = {
  connect: () => Promise.resolve(new Thing()),
  close: (thing) => void (thing.closed = true),
};
const to = "a:1";

test("without a word from the server, a connection rests for idleTimeout", async () => {
  const { clock, advance } = clockwork();
  const pool = new TcpPool({ transport: things, clock, idleTimeout: 5_000 });
  const lease = await pool.acquire(to);
  lease.release();
  advance(4_999);
  assert.equal(pool.stats.idle, 1);
  advance(1);
  assert.equal(pool.stats.size, 0);
  await turns(1);
  assert.equal(pool.stats.keys, 0); // and nothing is remembered of the endpoint
});

test("what the server says counts instead, less 2 s", async () => {
  for (const [promised, rests] of [[5_000, 3_000], [75_000, 73_000], [Infinity, 600_000]]) {
    const { clock, advance } = clockwork();
    const pool = new TcpPool({ transport: things, clock, idleTimeout: 4_000 });
    const lease = await pool.acquire(to);
    pool.keepFor(lease.value, promised);
    lease.release();
    advance(rests - 1);
    assert.equal(pool.stats.idle, 1, `${promised}`);
    advance(1);
    assert.equal(pool.stats.size, 0, `${promised}`);
  }
});

test("a server that keeps it for 2 s at most gets no second request", async () => {
  const { clock } = clockwork();
  const pool = new TcpPool({ transport: things, clock });
  for (const promised of [0, 1_000, 2_000]) {
    const lease = await pool.acquire(to);
    const { value } = lease;
    pool.keepFor(value, promised);
    lease.release();
    assert.ok(value.closed);
    assert.equal(pool.stats.size, 0);
  }
});

test("each rest begins anew, and the last word of the server counts", async () => {
  const { clock, advance } = clockwork();
  const pool = new TcpPool({ transport: things, clock, idleTimeout: 1_000 });
  (await pool.acquire(to)).release();
  for (let i = 0; i < 10; i++) {
    advance(900);
    const lease = pool.tryAcquire(to)!;
    advance(10_000); // while it is used no time counts
    lease.release();
  }
  const lease = pool.tryAcquire(to)!;
  pool.keepFor(lease.value, 10_000);
  pool.keepFor(lease.value, 4_000);
  lease.release();
  advance(1_999);
  assert.equal(pool.stats.idle, 1);
  advance(1);
  assert.equal(pool.stats.size, 0);
});

test("however rests begin and end, nothing rests for longer than it may", () => {
  const step = fc.record({
    thing: fc.nat({ max: 4 }),
    limit: fc.option(fc.integer({ min: 1, max: 300 }), { nil: undefined }),
    pause: fc.nat({ max: 200 }),
  });
  fc.assert(fc.property(fc.array(step, { maxLength: 50 }), (steps) => {
    const { clock, advance, timers } = clockwork();
    const evicted = new Set<Thing>();
    const rests = new Map<Thing, number>(); // the model: until when
    const resting = new Resting<Thing>(things, 100, clock, (thing) => {
      resting.end(thing);
      evicted.add(thing);
    });
    const all = Array.from({ length: 5 }, () => new Thing());
    const limits = new Map<Thing, number>();
    for (const { thing: i, limit, pause } of steps) {
      const thing = all[i];
      if (rests.has(thing)) {
        resting.end(thing);
        rests.delete(thing);
      } else {
        if (limit !== undefined) {
          resting.limit(thing, limit);
          limits.set(thing, limit);
        }
        resting.begin(thing);
        rests.set(thing, clock.now() + (limits.get(thing) ?? 100));
      }
      advance(pause);
      for (const [thing, until] of rests) {
        if (clock.now() < until) assert.ok(!evicted.has(thing)); // never too early
        if (clock.now() >= until + 50) assert.ok(evicted.has(thing)); // and hardly too late
        if (clock.now() >= until) assert.ok(!resting.wasGoodFor(thing)); // and not handed out at all
        if (!evicted.delete(thing)) continue;
        rests.delete(thing);
      }
    }
    advance(1_000);
    assert.equal(timers.size, 0); // nobody is left to be looked after
  }));
});

test("a watch is there while a connection rests, and at no other time", async () => {
  const watched = new Set<Thing>();
  const pool = new TcpPool<Thing>({
    transport: {
      ...things,
      watch(thing) {
        assert.ok(!watched.has(thing));
        watched.add(thing);
        return () => assert.ok(watched.delete(thing));
      },
    },
  });
  const lease = await pool.acquire(to);
  const { value } = lease;
  assert.ok(!watched.has(value));
  lease.release();
  assert.ok(watched.has(value));
  const again = pool.tryAcquire(to)!;
  assert.ok(!watched.has(value));
  again.release();
  assert.equal(pool.evict(value), 1);
  assert.ok(value.closed && watched.size === 0);
  (await pool.acquire(to)).release();
  assert.equal(watched.size, 1);
  await pool.close();
  assert.equal(watched.size, 0);
});

test("a watch that tells at once is given up as any other", async () => {
  let watches = 0;
  const pool = new TcpPool<Thing>({
    transport: {
      ...things,
      watch(_, onEvent) {
        watches++;
        onEvent();
        return () => watches--;
      },
    },
  });
  (await pool.acquire(to)).release();
  assert.equal(watches, 0);
  assert.equal(pool.stats.size, 0);
});

test("how a rest has ended is told: its time was over, or the connection was", async () => {
  const { clock, advance } = clockwork();
  let onEvent!: () => void;
  const watch: Transport<Thing>["watch"] = (_, callback) => (onEvent = callback, () => {});
  const pool = new TcpPool<Thing>({ transport: { ...things, watch }, idleTimeout: 160, clock });
  const reasons: string[] = [];
  pool.on("destroyed", ({ reason }) => void reasons.push(reason));
  (await pool.acquire(to)).release();
  onEvent();
  (await pool.acquire(to)).release();
  advance(160);
  assert.deepEqual(reasons, ["invalid", "idle"]);
});

test("a connection that is made and does not connect in time is given up", () =>
  withoutLeaks(async () => {
    using pair = connectionPair();
    const aborted: unknown[] = [];
    const pool = new TcpPool<Connection>({
      transport: {
        connect: (_, signal) =>
          new Promise((resolve) => {
            signal.addEventListener("abort", () => {
              aborted.push(signal.reason);
              resolve(pair.first); // too late
            });
          }),
        close: (connection) => connection.close(),
      },
      createTimeout: 5,
    });
    await assert.rejects(pool.acquire(to), { code: "CREATE_TIMEOUT" });
    await pool.close();
    assert.equal(aborted.length, 1);
    assert.ok(pair.first.closed);
  }));

test.run();

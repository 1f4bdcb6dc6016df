import assert from "node:assert/strict";
import { runFresh, turns } from "@posixly/testing";
import { test } from "uvu";
import { TestClock } from "./clock_fixture.ts";
import { KeyedPools, Pool } from "./mod.ts";
import { acquire, givingUp, later, releaseAll, type Thing, things } from "./things_fixture.ts";

test("25,000 who wait for 3 resources are served in the order they came", async () => {
  const { pool, made, clock } = things({ max: 3 });
  const order: number[] = [];
  let users = 0;
  const all = Array.from({ length: 25_000 }, async (_, number) => {
    using _lease = await pool.acquire();
    order.push(number);
    assert.ok(++users <= 3);
    await null;
    users--;
  });
  assert.equal(pool.stats.waiting, 24_997);
  await Promise.all(all);
  assert.deepEqual(order, [...order.keys()]);
  assert.equal(made.length, 3);
  assert.ok(clock.started < 10, "no timer for each");
});

test("100 times 100 acquires of one create one", async () => {
  let creates = 0;
  const pool = new Pool({ create: () => Promise.resolve({ number: ++creates }), max: 1 });
  for (let round = 0; round < 100; round++) {
    await Promise.all(Array.from({ length: 100 }, async () => {
      using lease = await pool.acquire();
      assert.equal(lease.value.number, 1);
      await null;
    }));
  }
  assert.equal(creates, 1);
});

test("the one that has rested the least is taken first, or the other way round", async () => {
  for (const [reuse, expected] of [["lifo", 2], ["fifo", 0]] as const) {
    const { pool } = things({ reuse });
    releaseAll(await acquire(pool, 3));
    assert.equal(pool.tryAcquire()?.value.id, expected);
  }
});

test("full on release: the one that is returned is closed, or the oldest", async () => {
  for (const [surplus, expected] of [["returned", "2 surplus"], ["oldest", "0 surplus"]] as const) {
    const { pool, destroyed } = things({ max: Infinity, maxIdle: 2, surplus });
    releaseAll(await acquire(pool, 3));
    assert.deepEqual(destroyed, [expected]);
    assert.equal(pool.stats.idle, 2);
  }
});

test("who is more urgent is served first, and among equals who came first", async () => {
  const { pool } = things({ max: 1 });
  const lease = await pool.acquire();
  const order: string[] = [];
  const waits = [["a", 0], ["b", -1], ["c", 5], ["d", 0], ["e", 5]] as const;
  const served = waits.map(async ([name, priority]) => {
    using _lease = await pool.acquire({ priority });
    order.push(name);
  });
  lease.release();
  await Promise.all(served);
  assert.equal(order.join(""), "ceadb");
});

test("nobody who comes later overtakes those who wait", async () => {
  const { pool } = things({ max: 1 });
  const lease = await pool.acquire();
  const waiting = pool.acquire();
  lease.release();
  assert.equal(pool.tryAcquire(), null);
  assert.equal((await waiting).uses, 2);
});

test("who waits too long is told, and takes nothing from those who come later", async () => {
  const { pool, clock } = things({ max: 1, acquireTimeout: 100 });
  const lease = await pool.acquire();
  const late = assert.rejects(pool.acquire(), { code: "ACQUIRE_TIMEOUT" });
  const patient = pool.acquire({ timeout: 1000 });
  clock.advance(99);
  assert.equal(pool.stats.waiting, 2, "not before");
  clock.advance(8);
  await late;
  assert.equal(pool.stats.waiting, 1);
  lease.release();
  (await patient).release();
  assert.equal((await pool.acquire()).value.id, 0);
  assert.equal(pool.stats.timedOut, 1);
});

test("who gives up leaves the line at once, and what is created for them is kept", async () => {
  const { promise, resolve } = later<Thing>();
  const { pool } = things({ create: () => promise });
  const { controller, given } = givingUp(pool);
  assert.equal(pool.stats.waiting, 1);
  controller.abort(new Error("enough"));
  assert.equal(pool.stats.waiting, 0);
  await assert.rejects(given, { message: "enough" });
  resolve({ id: 7 });
  await turns(1);
  assert.equal(pool.tryAcquire()?.value.id, 7);
  await assert.rejects(pool.acquire({ signal: controller.signal }), { message: "enough" });
});

test("a thousand may wait with one signal, without a warning", async () => {
  const { status, stderr } = await runFresh(`
    import { Pool } from "@posixly/pool";
    const pool = new Pool({ create: () => ({}), max: 1 });
    const lease = await pool.acquire();
    const controller = new AbortController();
    const { signal } = controller;
    const all = Array.from({ length: 1000 }, () => pool.acquire({ signal }));
    controller.abort();
    const results = await Promise.allSettled(all);
    if (results.some(({ reason }) => reason !== signal.reason)) throw new Error("not aborted");
    lease.release();
  `);
  assert.deepEqual({ status, stderr }, { status: 0, stderr: "" });
});

test("with retries, one who waits lives through failures", async () => {
  let creates = 0;
  const create = () => {
    if (++creates < 3) throw new Error("refused");
    return { id: creates };
  };
  const { pool, clock } = things({ create, createRetries: 2 });
  const acquired = pool.acquire();
  for (let i = 0; i < 10; i++) {
    await turns(1);
    clock.advance(50);
  }
  assert.equal((await acquired).value.id, 3);
});

test("with no room to wait, whoever cannot be served is told at once", async () => {
  const { pool } = things({ max: 1, maxWaiters: 0 });
  const lease = await pool.acquire();
  await assert.rejects(pool.acquire(), { code: "TOO_MANY_WAITERS" });
  lease.release();
  assert.equal((await pool.acquire()).value.id, 0);
});

test("only somebody who waits keeps the process", async () => {
  const { pool, clock } = things({ max: 1 });
  const lease = await pool.acquire();
  lease.release();
  assert.ok(!clock.isHeld && clock.timers === 1, "one at rest does not");
  const again = await pool.acquire();
  const waiting = pool.acquire();
  assert.ok(clock.isHeld);
  again.release();
  await waiting;
  assert.ok(!clock.isHeld);
});

test("so does somebody who waits for as long as it takes", async () => {
  const { pool, clock } = things({ max: 1, acquireTimeout: Infinity, idleTimeout: Infinity });
  const lease = await pool.acquire();
  assert.equal(clock.timers, 0);
  const waiting = pool.acquire();
  assert.ok(clock.isHeld);
  clock.advance(2 ** 32);
  assert.ok(clock.isHeld, "after what a timer can wait for, too");
  lease.release();
  (await waiting).release();
  assert.equal(clock.timers, 0);
  await pool.acquire();
  for (const wait of [() => pool.drain(), () => pool.close()]) {
    void wait();
    assert.ok(clock.isHeld);
  }
});

test("who has waited from 0 on is told for how long", async () => {
  const { pool, clock } = things({ max: 1 });
  clock.time = 0;
  const told: number[] = [];
  pool.on("acquired", ({ waited }) => void told.push(waited));
  const lease = await pool.acquire();
  const waiting = pool.acquire();
  clock.advance(500);
  lease.release();
  await waiting;
  assert.deepEqual(told, [0, 500]);
});

test("where it was acquired is told also from deep within, and of those who waited", async () => {
  const clock = new TestClock();
  const keyOf = (key: string) => key;
  const pools = new KeyedPools({ keyOf, create: () => ({}), leakAfter: 1000, clock });
  const reports: string[] = [];
  pools.on("leaked", ({ stack }) => reports.push(stack));
  const deep = (depth: number): Promise<void> =>
    depth > 0 ? deep(depth - 1) : pools.use("a", () => new Promise(() => {}));
  function whoeverForgets() {
    void deep(10);
  }
  const { stackTraceLimit } = Error;
  whoeverForgets();
  assert.equal(Error.stackTraceLimit, stackTraceLimit);
  await turns(5);
  clock.advance(1100);
  assert.match(reports[0], /whoeverForgets/);
});

test.run();

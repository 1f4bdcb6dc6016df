import assert from "node:assert/strict";
import { turns } from "@posixly/testing";
import { test } from "uvu";
import { later, type Thing, things } from "./things_fixture.ts";

test("suspended, it hands out nothing; drained, nobody has anything", async () => {
  const { pool } = things();
  const lease = await pool.acquire();
  pool.suspend();
  const waiting = pool.acquire();
  lease.release();
  assert.equal(pool.tryAcquire(), null);
  assert.equal(pool.stats.waiting, 1);
  let isQuiet = false;
  const drained = pool.drain().then(() => isQuiet = true);
  pool.resume();
  const last = await waiting;
  assert.equal(isQuiet, false);
  last.release();
  await drained;
});

test("close waits for what is leased, once, however often it is called", async () => {
  const { pool, destroyed } = things({ max: 1 });
  const lease = await pool.acquire();
  const refused = assert.rejects(pool.acquire(), { code: "POOL_CLOSED" });
  let isClosed = false;
  const closed = pool.close().then((forced) => (isClosed = true, forced));
  await refused;
  await assert.rejects(pool.acquire(), { name: "PoolClosedError" });
  assert.equal(pool.tryAcquire(), null);
  await turns(1);
  assert.equal(isClosed, false);
  lease.release();
  assert.equal(await closed, 0);
  assert.equal(await pool.close(), 0);
  assert.deepEqual(destroyed, ["0 closed"]);
});

test("close ends leases by force when the time is over, the earlier of two deadlines", async () => {
  const { pool, clock, destroyed } = things();
  const lease = await pool.acquire();
  const closed = pool.close({ timeout: 5000 });
  void pool.close({ timeout: 100 });
  assert.ok(clock.isHeld, "the process stays");
  clock.advance(100);
  assert.equal(await closed, 1);
  assert.deepEqual(destroyed, ["0 closed"]);
  assert.ok(lease.ended);
  assert.throws(() => lease.value, { code: "LEASE_ENDED" });
  lease.release(); // which is no fault of theirs
});

test("close is over at its deadline although destroying something hangs, leased or not", async () => {
  const { pool, clock, destroyed } = things({
    max: 2,
    destroy: ({ id }, reason) => {
      destroyed.push(`${id} ${reason}`);
      return new Promise(() => {});
    },
  });
  const [kept, given] = [await pool.acquire(), await pool.acquire()];
  given.release();
  let isClosed = false;
  const closed = pool.close({ timeout: 100 }).then((forced) => (isClosed = true, forced));
  clock.advance(99);
  await turns(1);
  assert.equal(isClosed, false);
  clock.advance(1);
  assert.equal(await closed, 1);
  assert.deepEqual(destroyed, ["1 closed", "0 closed"]);
  assert.ok(kept.ended);
  assert.equal(pool.stats.size, 0);
});

test("close calls off what is being created, and destroys what comes all the same", async () => {
  const { promise, resolve } = later<Thing>();
  let signal: AbortSignal | undefined;
  const { pool, destroyed } = things({ create: (context) => (signal = context.signal, promise) });
  const refused = assert.rejects(pool.acquire(), { code: "POOL_CLOSED" });
  const closed = pool.close();
  await refused;
  assert.ok(signal?.aborted);
  resolve({ id: 5 });
  await closed;
  assert.deepEqual(destroyed, ["5 late"]);
});

test("once it is closed no timer is left, however often it is closed again", async () => {
  const { pool, clock } = things();
  (await pool.acquire()).release();
  await pool.close({ timeout: 60_000 });
  await pool.close();
  await pool.close({ timeout: 1000 });
  assert.equal(clock.timers, 0);
});

test.run();

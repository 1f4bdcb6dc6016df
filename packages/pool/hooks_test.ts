// What hooks and listeners may do in the middle of what goes on, and what they may not.
import assert from "node:assert/strict";
import { turns } from "@posixly/testing";
import { test } from "uvu";
import type { Lease, Pool } from "./mod.ts";
import { acquire, type Thing, things } from "./things_fixture.ts";

test("what is evicted or closed while it waits for the oldest to make room is not laid to rest", async () => {
  const actions: ((pool: Pool<Thing>) => unknown)[] = [
    (pool) => pool.evict(() => true),
    (pool) => pool.close(),
  ];
  for (const act of actions) {
    const { pool, destroyed } = things({ maxIdle: 1, surplus: "oldest" });
    pool.on("destroyed", ({ resource }) => void (resource.id === 0 && act(pool)));
    for (const lease of await acquire(pool, 2)) lease.release();
    assert.equal(pool.tryAcquire(), null);
    assert.equal(destroyed.length, 2);
    assert.equal(pool.stats.size, 0);
  }
});

test("room that the oldest has made may be taken by another meanwhile", async () => {
  const { pool } = things({ maxIdle: 1, surplus: "oldest" });
  const [first, second, third] = await acquire(pool, 3);
  pool.on("destroyed", ({ resource }) => void (resource.id === 0 && third.release()));
  first.release();
  second.release();
  assert.equal(pool.stats.idle, 1);
});

test("who acquires while the oldest makes room gets what was about to rest", async () => {
  const { pool } = things({
    max: 2,
    maxIdle: 1,
    surplus: "oldest",
    destroy: () => new Promise(() => {}),
  });
  let waiting: Promise<Lease<Thing>> | undefined;
  pool.on("destroyed", () => waiting = pool.acquire());
  for (const lease of await acquire(pool, 2)) lease.release();
  assert.equal((await waiting!).value.id, 1);
});

test("what asynchronous hooks and listeners reject with is told, and harms nothing", async () => {
  const told: string[] = [];
  const rejects = (what: string) => () => Promise.reject(new Error(what));
  const { pool } = things({
    onIdle: rejects("1") as () => void,
    onBusy: rejects("2") as () => void,
  });
  pool.on("error", ({ during, error }) => told.push(`${during}: ${(error as Error).message}`));
  pool.on("acquired", rejects("3") as () => void);
  for (let i = 0; i < 2; i++) (await pool.acquire()).release();
  await turns(1);
  assert.deepEqual(told.sort(), [
    "a listener for acquired: 3",
    "a listener for acquired: 3",
    "onBusy: 2",
    "onIdle: 1",
    "onIdle: 1",
  ]);
  assert.equal(pool.stats.idle, 1);
});

test("an answer that comes later is none to whether something is reusable", async () => {
  const told: unknown[] = [];
  const reusable = (() => Promise.resolve(true)) as unknown as () => boolean;
  const { pool, destroyed } = things({ reusable });
  pool.on("error", ({ error }) => void told.push((error as Error).message));
  (await pool.acquire()).release();
  assert.deepEqual(destroyed, ["0 invalid"]);
  assert.deepEqual(told, ["reusable must answer at once, and not by a promise"]);
});

test("who gives up by a hook of the very pool gets nothing, and takes nothing", async () => {
  for (const isValid of [false, true]) {
    const controller = new AbortController();
    const { pool } = things({
      max: 1,
      validateAfter: 0,
      validate() {
        controller.abort(new Error("enough"));
        return isValid;
      },
    });
    (await pool.acquire()).release();
    await assert.rejects(pool.acquire({ signal: controller.signal }), { message: "enough" });
    assert.equal(pool.stats.waiting + pool.stats.leases, 0);
  }
});

test.run();

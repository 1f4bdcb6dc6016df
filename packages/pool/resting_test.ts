import assert from "node:assert/strict";
import { turns } from "@posixly/testing";
import fc from "fast-check";
import { test } from "uvu";
import { acquire, later, releaseAll, type Thing, things } from "./things_fixture.ts";

test("what has rested is validated, unless it was used a short time ago", async () => {
  let asked = 0;
  let isValid = true;
  const validate = () => (asked++, isValid);
  const { pool, clock, destroyed } = things({
    validate,
    validateAfter: 500,
    idleTimeout: Infinity,
  });
  (await pool.acquire()).release();
  clock.advance(499);
  (await pool.acquire()).release();
  assert.equal(asked, 0);
  clock.advance(500);
  (await pool.acquire()).release();
  assert.equal(asked, 1);
  clock.advance(500);
  isValid = false;
  assert.equal((await pool.acquire()).value.id, 1);
  assert.deepEqual(destroyed, ["0 invalid"]);
});

test("who cannot be validated at once is there the next time", async () => {
  const { promise, resolve } = later<boolean>();
  const { pool } = things({ validate: () => promise, validateAfter: 0 });
  releaseAll(await acquire(pool, 1));
  assert.equal(pool.tryAcquire(), null);
  assert.equal(pool.stats.checking, 1);
  const waiting = pool.acquire();
  resolve(true);
  assert.equal((await waiting).value.id, 0);
});

test("a validation that never ends is given up", async () => {
  const validate = () => new Promise<boolean>(() => {});
  const { pool, clock, destroyed } = things({ validate, validateAfter: 0, max: 1 });
  releaseAll(await acquire(pool, 1));
  const waiting = pool.acquire();
  clock.advance(5000);
  assert.equal((await waiting).value.id, 1);
  assert.deepEqual(destroyed, ["0 invalid"]);
});

test("what rests too long is destroyed, but for the minimum, and never too early", async () => {
  const { pool, clock, destroyed } = things({ min: 1, idleTimeout: 1000 });
  releaseAll(await acquire(pool, 3));
  clock.advance(999);
  assert.deepEqual(destroyed, []);
  clock.advance(130);
  assert.deepEqual(destroyed, ["0 idle", "1 idle"]);
  assert.equal(pool.stats.idle, 1);
});

test("what rests is validated now and then, and that is no use", async () => {
  const validated: number[] = [];
  const validate = ({ id }: Thing) => validated.push(id) > 0;
  const { pool, clock, destroyed } = things({ validate, keepAlive: 100, idleTimeout: 1000 });
  releaseAll(await acquire(pool, 1));
  clock.advance(560);
  assert.ok(validated.length >= 4 && validated.length <= 5, `${validated.length}`);
  clock.advance(600);
  assert.deepEqual(destroyed, ["0 idle"]);
});

test("a life ends when it rests; not all of them at the same time", async () => {
  const { pool, clock, destroyed } = things({
    maxLifetime: 1000,
    jitter: 0.5,
    idleTimeout: Infinity,
  });
  const leases = await acquire(pool, 10);
  clock.advance(1000);
  assert.deepEqual(destroyed, [], "not while it is leased");
  releaseAll(leases);
  assert.deepEqual(destroyed, leases.map((_, id) => `${id} expired`));

  const times = new Set<number>();
  const others = things({
    maxLifetime: 1000,
    jitter: 0.5,
    idleTimeout: Infinity,
    destroy: () => void times.add(others.clock.time),
  });
  releaseAll(await acquire(others.pool, 10));
  others.clock.advance(499);
  assert.equal(times.size, 0);
  others.clock.advance(501);
  assert.ok(times.size > 1);
  assert.equal(others.pool.stats.size, 0);
});

test("a machine that has slept finds what is old destroyed, and the minimum again", async () => {
  const { pool, clock, destroyed } = things({ min: 2, maxLifetime: 5000, idleTimeout: 1000 });
  releaseAll(await acquire(pool, 3));
  clock.advance(100);
  clock.jump(1e9);
  assert.equal(destroyed.length, 3);
  assert.equal(pool.stats.idle, 2);
  clock.jump(-1e6); // as no clock should
  assert.equal((await pool.acquire()).ended, false);
});

test("what was leased often enough is destroyed", async () => {
  const { pool, destroyed } = things({ maxUses: 2, max: 1 });
  for (const expected of [0, 0, 1]) {
    using lease = await pool.acquire();
    assert.equal(lease.value.id, expected);
  }
  assert.deepEqual(destroyed, ["0 used-up"]);
});

test("the minimum is there once somebody asks, or when it is asked for", async () => {
  const { pool, made } = things({ min: 3 });
  assert.equal(made.length, 0);
  await pool.fill();
  assert.equal(pool.stats.idle, 3);
  const lease = await pool.acquire();
  lease.discard();
  assert.equal(pool.stats.idle, 3);

  const fails = things({ min: 1, create: () => Promise.reject(new Error("refused")) });
  await assert.rejects(fails.pool.fill(), { message: "refused" });
});

test("a smaller pool destroys what rests now, and what is leased when it is back", async () => {
  const { pool, destroyed } = things({ max: 10 });
  const leases = await acquire(pool, 10);
  releaseAll(leases.splice(0, 4));
  pool.resize({ max: 5 });
  assert.deepEqual(destroyed, ["0 surplus", "1 surplus", "2 surplus", "3 surplus"]);
  releaseAll(leases);
  assert.equal(pool.stats.size, 5);
  assert.equal(destroyed.length, 5);

  const waiting = acquire(pool, 7);
  assert.equal(pool.stats.size, 5);
  await turns(1);
  pool.resize({ max: 7 });
  assert.equal((await waiting).length, 7);
});

test("evict: what rests goes now, what is leased later, what is a stranger not at all", async () => {
  const { pool, made, destroyed } = things();
  const [first, second] = await acquire(pool, 2);
  first.release();
  assert.equal(pool.evict({ id: 0 }), 0);
  assert.equal(pool.evict(made[0]), 1);
  assert.equal(pool.evict(({ id }) => id === 1), 1);
  assert.equal(pool.evict(made[1]), 0, "once is enough");
  assert.deepEqual(destroyed, ["0 evicted"]);
  second.release();
  assert.deepEqual(destroyed, ["0 evicted", "1 evicted"]);
});

test("whenever a rest begins, it is over a sixteenth later than it should be at most", () => {
  const pauses = fc.array(fc.integer({ min: 1, max: 1700 }), { minLength: 1, maxLength: 10 });
  return fc.assert(fc.asyncProperty(pauses, async (pauses) => {
    const restsSince = new Map<number, number>();
    const rests: number[] = [];
    const { pool, clock } = things({
      idleTimeout: 1600,
      onIdle: ({ id }) => void restsSince.set(id, clock.time),
      destroy: ({ id }) => void rests.push(clock.time - restsSince.get(id)!),
    });
    for (const [i, pause] of pauses.entries()) {
      releaseAll(await acquire(pool, 1 + i % 2)); // others rest on
      clock.advance(pause);
    }
    clock.advance(5000);
    assert.equal(rests.length, pool.stats.created);
    assert.ok(rests.every((rest) => rest >= 1600 && rest <= 1702), String(rests));
  }));
});

test("what is evicted goes for the reason that is given", async () => {
  const { pool, destroyed } = things();
  releaseAll(await acquire(pool, 1));
  assert.equal(pool.evict(() => true, "invalid"), 1);
  assert.deepEqual(destroyed, ["0 invalid"]);
  assert.throws(
    () => pool.evict(() => true, "bored" as "idle"),
    /^TypeError: reason must be one of/,
  );
});

test.run();

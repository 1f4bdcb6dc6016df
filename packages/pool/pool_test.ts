import assert from "node:assert/strict";
import { runFresh } from "@posixly/testing";
import { test } from "uvu";
import { Pool, type PoolOptions } from "./mod.ts";
import { acquire, ids, releaseAll, things } from "./things_fixture.ts";

test("a resource that carries several leases is filled before another is created", async () => {
  const { pool, made } = things({ leasesPerResource: 3, max: 2 });
  const leases = await Promise.all(Array.from({ length: 5 }, () => pool.acquire()));
  assert.deepEqual(ids(leases), [0, 0, 0, 1, 1]);
  assert.equal(made.length, 2);
  assert.throws(() => leases[0].take(), { code: "LEASE_SHARED" });
  leases[0].discard();
  assert.equal(pool.stats.leases, 4);
  assert.equal((await pool.acquire()).value.id, 1, "the other is not for anybody new");
});

test("lease: once is enough, and too often is an error", async () => {
  const { pool, destroyed } = things();
  const [lease, taken, discarded] = await acquire(pool, 3);
  {
    using scoped = lease;
    scoped.release();
  }
  assert.throws(() => lease.release(), { code: "LEASE_ENDED", name: "LeaseError" });
  assert.throws(() => lease.discard(), { code: "LEASE_ENDED" });
  assert.throws(() => lease.take(), { code: "LEASE_ENDED" });
  assert.throws(() => lease.value, { code: "LEASE_ENDED" });
  assert.deepEqual(taken.take(), { id: 1 });
  discarded.discard();
  await pool.close();
  assert.deepEqual(destroyed, ["2 discarded", "0 closed"], "what was taken is not ours");
});

test("use gives back what is fine, and discards what is not", async () => {
  const { pool, destroyed } = things();
  assert.equal(await pool.use(({ id }) => id + 1), 1);
  const fails = () => Promise.reject(new RangeError("broken"));
  await assert.rejects(pool.use(fails, { keep: (error) => error instanceof RangeError }));
  assert.equal(pool.stats.idle, 1);
  await assert.rejects(pool.use(fails), { message: "broken" });
  assert.deepEqual(destroyed, ["0 discarded"]);
  await pool.use((_thing, lease) => lease.take());
  assert.equal(pool.stats.size, 0);
});

test("use keeps a resource only if it is told so, and not if `keep` throws or promises", async () => {
  const { pool, destroyed } = things();
  const fails = () => Promise.reject(new Error("broken"));
  const keep = () => {
    throw new RangeError("keep is broken");
  };
  await assert.rejects(pool.use(fails, { keep }), RangeError);
  const promises = (() => Promise.resolve(false)) as unknown as () => boolean;
  await assert.rejects(pool.use(fails, { keep: promises }), { message: "broken" });
  assert.deepEqual(destroyed, ["0 discarded", "1 discarded"]);
  const wrong = true as unknown as () => boolean;
  await assert.rejects(pool.use(() => 1, { keep: wrong }), /keep must be a function, not true/);
  assert.equal(pool.stats.acquired, 2, "for that, nothing was acquired");
});

test("hooks frame the time at rest", async () => {
  const told: string[] = [];
  const { pool } = things({
    onIdle: ({ id }) => void told.push(`idle ${id}`),
    onBusy: ({ id }) => void told.push(`busy ${id}`),
    reusable({ id }) {
      told.push(`asked ${id}`);
      return id === 0;
    },
  });
  releaseAll(await acquire(pool, 2));
  assert.deepEqual(told.splice(0), ["asked 0", "idle 0", "asked 1"]);
  const [lease] = await acquire(pool, 1);
  assert.deepEqual(told.splice(0), ["busy 0"]);
  lease.discard();
  assert.deepEqual(told, [], "what goes anyway is nothing to ask about");
  assert.equal(pool.stats.destroyed, 2);
});

test("a process that uses only an idle pool ends", async () => {
  const program = `
    import { Pool } from "@posixly/pool";
    const pool = new Pool({ create: async () => ({}), min: 2, idleTimeout: 1e6, maxLifetime: 1e7 });
    (await pool.acquire()).release();
    await pool.use(() => {});
    console.log(pool.stats.idle);
  `;
  const { status, stdout } = await runFresh(program, { timeout: 10_000 });
  assert.deepEqual({ status, stdout }, { status: 0, stdout: "2\n" });
});

test("a lease that is forgotten is reported, with where it was acquired", async () => {
  const { pool, clock } = things({ leakAfter: 1000, max: 1 });
  const reports: string[] = [];
  pool.on("leaked", ({ stack, held }) => reports.push(`${held >= 1000} ${stack}`));
  async function whoeverForgets() {
    return await pool.acquire();
  }
  async function whoeverWaits() {
    return await pool.acquire();
  }
  const lease = await whoeverForgets();
  const waiting = whoeverWaits();
  clock.advance(1100);
  assert.equal(reports.length, 1);
  assert.match(reports[0], /true [^]*whoeverForgets/);
  lease.release();
  await waiting;
  clock.advance(5000);
  assert.equal(reports.length, 2, "each once");
  assert.match(reports[1], /whoeverWaits/);
});

test("what happens is told, with how long it took", async () => {
  const { pool, clock } = things({ max: 1 });
  const told: string[] = [];
  const stops = [
    pool.on("created", ({ resource }) => told.push(`created ${resource.id}`)),
    pool.on("acquired", ({ waited }) => told.push(`acquired after ${waited}`)),
    pool.on("released", ({ held }) => told.push(`released after ${held}`)),
    pool.on("destroyed", ({ reason }) => told.push(reason)),
  ];
  const lease = await pool.acquire();
  const waiting = pool.acquire();
  clock.advance(40);
  lease.release();
  (await waiting).discard();
  const expected = [
    "created 0",
    "acquired after 0",
    "released after 40",
    "acquired after 40",
    "released after 0",
    "discarded",
  ];
  assert.deepEqual(told, expected);
  for (const stop of stops) stop();
  await pool.use(() => {});
  assert.equal(told.length, expected.length);
});

test("what is no option, or none that makes sense, is refused", async () => {
  const create = () => ({});
  const wrong: [object, RegExp][] = [
    [{}, /create must be a function, not undefined/],
    [{ create, maximum: 3 }, /There is no option maximum/],
    [{ create, max: 0 }, /max must be a whole number from 1 on, not 0/],
    [{ create, max: 1.5 }, /max must be a whole number/],
    [{ create, max: "3" }, /max must be a whole number/],
    [{ create, min: 3, max: 2 }, /min must not be above max/],
    [{ create, min: 3, maxIdle: 2 }, /min must not be above maxIdle/],
    [{ create, min: Infinity, max: Infinity }, /min must be finite/],
    [{ create, idleTimeout: NaN }, /idleTimeout must be a number from 1 on, not NaN/],
    [{ create, jitter: 2 }, /jitter must not be above 1/],
    [{ create, reuse: "random" }, /reuse must be one of lifo, fifo, not random/],
    [{ create, keepAlive: 100 }, /validate must be a function/],
  ];
  for (const [options, message] of wrong) {
    assert.throws(() => new Pool(options as PoolOptions<object>), { message });
  }
  const pool = new Pool({ create });
  await assert.rejects(pool.acquire({ timeout: -1 }), RangeError);
  await assert.rejects(pool.acquire({ priority: 0.5 }), TypeError);
  await assert.rejects(pool.acquire({ signal: {} as AbortSignal }), TypeError);
  const mute = { aborted: false, throwIfAborted() {} } as AbortSignal;
  await assert.rejects(pool.acquire({ signal: mute }), /signal must be an AbortSignal/);
  assert.throws(() => pool.resize({ max: -1 }), RangeError);
  assert.throws(() => pool.close({ timeout: NaN }), RangeError);
});

test("who listens to what is never told, or does not listen, is refused", () => {
  const { pool } = things();
  assert.throws(() => pool.on("aquired" as "acquired", () => {}), {
    message: /^event must be one of created, .*, not aquired$/,
  });
  assert.throws(() => pool.on("acquired", 5 as never), {
    message: "listener must be a function, not 5",
  });
  for (const clock of [null, 5, { now: () => 0 }]) {
    assert.throws(() => things({ clock: clock as never }), {
      message: /^clock\.\w+ must be a function/,
    });
  }
});

test("a resource may carry any number of leases, each of which knows which one it is", async () => {
  const { pool } = things({ leasesPerResource: Infinity });
  const leases = await acquire(pool, 3);
  assert.equal(pool.stats.created, 1);
  assert.deepEqual(leases.map(({ uses }) => uses), [1, 2, 3]);
});

test.run();

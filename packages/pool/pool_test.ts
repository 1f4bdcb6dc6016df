import assert from "node:assert/strict";
import { runFresh, turns } from "@posixly/testing";
import { test } from "uvu";
import { TestClock } from "./clock_fixture.ts";
import { KeyedPools, type Lease, Pool, type PoolOptions } from "./mod.ts";

interface Thing {
  id: number;
}

/** A pool of numbered things, and what was done to them. */
function things(options: Partial<PoolOptions<Thing>> = {}) {
  const clock = new TestClock();
  const made: Thing[] = [];
  const destroyed: string[] = [];
  const pool = new Pool<Thing>({
    create: () => {
      const thing = { id: made.length };
      made.push(thing);
      return thing;
    },
    destroy: ({ id }, reason) => void destroyed.push(`${id} ${reason}`),
    clock,
    ...options,
  });
  return { pool, clock, made, destroyed };
}

/** One who waits, and can give up. */
function givingUp(pool: Pool<Thing>) {
  const controller = new AbortController();
  return { controller, given: pool.acquire({ signal: controller.signal }) };
}

/** A promise, and what settles it. */
function later<T>() {
  let resolve!: (value: T) => void;
  const promise = new Promise<T>((settle) => void (resolve = settle));
  return { promise, resolve };
}

/** Acquires so many, one after the other. */
async function acquire(pool: Pool<Thing>, count: number): Promise<Lease<Thing>[]> {
  const leases: Lease<Thing>[] = [];
  while (leases.length < count) leases.push(await pool.acquire());
  return leases;
}

function releaseAll(leases: Lease<Thing>[]): void {
  for (const lease of leases) lease.release();
}

const ids = (leases: Lease<Thing>[]) => leases.map(({ value }) => value.id);

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

test("a failure to create goes to whose turn it is, and is not repeated at once", async () => {
  let creates = 0;
  const fails = () => {
    throw new Error(`refused ${++creates}`);
  };
  const { pool, clock } = things({ create: fails, backoff: 100, maxBackoff: 400, jitter: 0 });
  await assert.rejects(pool.acquire(), { message: "refused 1" });
  const second = assert.rejects(pool.acquire(), { message: "refused 2" });
  const third = assert.rejects(pool.acquire(), { message: "refused 3" });
  clock.advance(99);
  assert.equal(creates, 1);
  clock.advance(1);
  await second;
  assert.equal(creates, 2);
  clock.advance(200);
  await third;
  const last = assert.rejects(pool.acquire({ timeout: 50 }), (error: Error) => {
    return error.name === "AcquireTimeoutError" && (error.cause as Error).message === "refused 3";
  });
  clock.advance(60);
  await last;
  assert.equal(creates, 3);
});

test("a failure is nobody's if something else is on its way to whoever is first", async () => {
  const creates: { resolve: (thing: Thing) => void; reject: (error: Error) => void }[] = [];
  const create = () => new Promise<Thing>((resolve, reject) => creates.push({ resolve, reject }));
  const { pool } = things({ create });
  const { controller, given } = givingUp(pool);
  const waiting = pool.acquire();
  controller.abort();
  await assert.rejects(given);
  creates[0].reject(new Error("refused"));
  await turns(1);
  assert.equal(pool.stats.waiting, 1);
  creates[1].resolve({ id: 1 });
  assert.equal((await waiting).value.id, 1);
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

test("what takes too long to create is given up, told so, and destroyed when it comes", async () => {
  const { promise, resolve } = later<Thing>();
  let signal: AbortSignal | undefined;
  const create: PoolOptions<Thing>["create"] = (context) => {
    if (signal !== undefined) return { id: 2 };
    signal = context.signal;
    return promise;
  };
  const { pool, clock, destroyed } = things({ create, createTimeout: 100, max: 1 });
  const refused = assert.rejects(pool.acquire(), { code: "CREATE_TIMEOUT" });
  clock.advance(100);
  await refused;
  assert.equal((signal?.reason as Error).name, "CreateTimeoutError");
  const next = pool.acquire();
  clock.advance(200); // the pause after a failure
  assert.equal((await next).value.id, 2);
  resolve({ id: 1 });
  await turns(1);
  assert.deepEqual(destroyed, ["1 late"]);
});

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

test("with no room to wait, whoever cannot be served is told at once", async () => {
  const { pool } = things({ max: 1, maxWaiters: 0 });
  const lease = await pool.acquire();
  await assert.rejects(pool.acquire(), { code: "TOO_MANY_WAITERS" });
  lease.release();
  assert.equal((await pool.acquire()).value.id, 0);
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

test("hooks frame the time at rest", async () => {
  const told: string[] = [];
  const { pool } = things({
    onIdle: ({ id }) => void told.push(`idle ${id}`),
    onBusy: ({ id }) => void told.push(`busy ${id}`),
    reusable: ({ id }) => id === 0,
  });
  releaseAll(await acquire(pool, 2));
  assert.deepEqual(told, ["idle 0"]);
  await acquire(pool, 1);
  assert.deepEqual(told, ["idle 0", "busy 0"]);
  assert.equal(pool.stats.destroyed, 1);
});

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

test("one who creates the same twice is told", async () => {
  const same = { id: 0 };
  const { pool } = things({ create: () => same });
  await pool.acquire();
  await assert.rejects(pool.acquire(), {
    name: "TypeError",
    message: /another resource each time/,
  });
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

test.run();

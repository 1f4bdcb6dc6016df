import assert from "node:assert/strict";
import { turns } from "@posixly/testing";
import { test } from "uvu";
import type { PoolOptions } from "./mod.ts";
import { acquire, givingUp, later, type Thing, things } from "./things_fixture.ts";

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

test("one who creates the same twice is told", async () => {
  const same = { id: 0 };
  const { pool } = things({ create: () => same });
  await pool.acquire();
  await assert.rejects(pool.acquire(), {
    name: "TypeError",
    message: /another resource each time/,
  });
});

test("a failure that began before a pause which is over makes another, and no longer one", async () => {
  const fails: ((error: Error) => void)[] = [];
  const create = () => new Promise<Thing>((_, reject) => void fails.push(reject));
  const options = { create, createRetries: Infinity, backoff: 100, jitter: 0 };
  const { pool, clock } = things(options);
  const pauses: number[] = [];
  pool.on("createFailed", ({ retryIn }) => void pauses.push(retryIn));
  for (let i = 0; i < 2; i++) pool.acquire().catch(() => {});
  const fail = async (index: number) => {
    fails[index](new Error("refused"));
    await turns(1);
  };
  clock.advance(10);
  await fail(1);
  clock.advance(100);
  assert.equal(fails.length, 3);
  clock.advance(50);
  await fail(0);
  clock.advance(99);
  assert.equal(fails.length, 3);
  assert.deepEqual(pauses, [100, 100]);
});

test("a failure to create what nobody waits for is told as an error, or as what it is", async () => {
  for (const listens of [false, true]) {
    let creates = 0;
    const { pool, clock } = things({
      min: 1,
      create() {
        if (creates++ > 0) throw new Error("refused");
        return { id: 0 };
      },
    });
    const told: string[] = [];
    pool.on("error", ({ during }) => void told.push(during));
    if (listens) pool.on("createFailed", () => void told.push("createFailed"));
    (await pool.acquire()).discard();
    clock.advance(1);
    assert.deepEqual(told, [listens ? "createFailed" : "create"]);
  }
});

test("to fill the pool, what is to go does not count", async () => {
  const { pool } = things({ min: 2, max: 4, create: () => Promise.resolve({ id: 0 }) });
  const leases = await acquire(pool, 2);
  pool.evict(() => true);
  await pool.fill();
  assert.equal(pool.stats.idle, 2);
  assert.ok(leases.every(({ ended }) => !ended));
});

test.run();

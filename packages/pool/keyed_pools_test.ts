import assert from "node:assert/strict";
import { turns } from "@posixly/testing";
import fc from "fast-check";
import { test } from "uvu";
import { TestClock } from "./clock_fixture.ts";
import { type KeyedPoolOptions, KeyedPools, type Lease } from "./mod.ts";

interface Thing {
  key: string;
  isDestroyed: boolean;
}

function pools(options: Partial<KeyedPoolOptions<string, Thing>> = {}) {
  const clock = new TestClock();
  const made: Thing[] = [];
  const destroyed: string[] = [];
  const keyed = new KeyedPools<string, Thing>({
    keyOf: (key) => key.toLowerCase(),
    create: (key) => {
      const thing = { key, isDestroyed: false };
      made.push(thing);
      return thing;
    },
    destroy: (thing) => {
      assert.ok(!thing.isDestroyed);
      thing.isDestroyed = true;
      destroyed.push(thing.key);
    },
    clock,
    ...options,
  });
  return { keyed, clock, made, destroyed };
}

test("what is the same key is up to keyOf", async () => {
  const { keyed, made } = pools();
  (await keyed.acquire("A")).release();
  assert.equal(keyed.tryAcquire("a")?.value.key, "A");
  assert.equal(keyed.tryAcquire("b"), null);
  await keyed.acquire("b");
  assert.equal(made.length, 2);
  assert.equal(keyed.stats.keys, 2);
});

test("each key has its limit, and all of them together have one", async () => {
  const { keyed } = pools({ max: 2, maxTotal: 3 });
  const a = [await keyed.acquire("a"), await keyed.acquire("a")];
  const third = keyed.acquire("a");
  const b = await keyed.acquire("b");
  const c = keyed.acquire("c");
  assert.equal(keyed.stats.waiting, 2);
  assert.equal(keyed.stats.size, 3);
  b.release(); // it rests for b, where nobody wants it
  assert.equal((await c).value.key, "c");
  a[0].release();
  assert.equal((await third).value.key, "a");
});

test("what rests for one key gives way to another, the one that rests longest first", async () => {
  const { keyed, destroyed } = pools({ maxTotal: 3 });
  for (const key of ["a", "b", "c"]) (await keyed.acquire(key)).release();
  (await keyed.acquire("a")).release();
  await keyed.acquire("d");
  assert.deepEqual(destroyed, ["b"]);
  await keyed.acquire("e");
  assert.deepEqual(destroyed, ["b", "c"]);
});

test("what takes long to destroy makes room once it is gone, and not more than is wanted", async () => {
  const gone: (() => void)[] = [];
  const destroy = () => new Promise<void>((resolve) => gone.push(resolve));
  const { keyed } = pools({ maxTotal: 2, destroy });
  for (const key of ["a", "b"]) (await keyed.acquire(key)).release();
  const c = keyed.acquire("c");
  const again = keyed.acquire("c");
  assert.equal(gone.length, 1, "for whoever is first");
  gone[0]();
  assert.equal((await c).value.key, "c");
  assert.equal(gone.length, 2);
  gone[1]();
  assert.equal((await again).value.key, "c");
});

test("who has given up takes no room from others", async () => {
  const { keyed, destroyed } = pools({ maxTotal: 1 });
  const a = await keyed.acquire("a");
  const controller = new AbortController();
  const given = keyed.acquire("b", { signal: controller.signal });
  controller.abort();
  await assert.rejects(given);
  a.release();
  assert.deepEqual(destroyed, []);
  assert.equal(keyed.tryAcquire("a")?.value.key, "a");
});

test("resized, each key has the new limits, and so have those to come", async () => {
  const { keyed, destroyed } = pools({ max: 1 });
  const first = await keyed.acquire("a");
  const waiting = keyed.acquire("a");
  keyed.resize({ max: 2 });
  const second = await waiting;
  const others = [await keyed.acquire("b"), await keyed.acquire("b")];
  for (const lease of [first, second, ...others]) lease.release();
  keyed.resize({ maxIdle: 1 });
  assert.deepEqual(destroyed, ["a", "b"]);
  const third = [await keyed.acquire("c"), await keyed.acquire("c")]; // max is what it was
  for (const lease of third) lease.release();
  assert.deepEqual(destroyed, ["a", "b", "c"]);
  keyed.resize({ max: undefined, maxIdle: undefined });
  assert.deepEqual(keyed.stats.idle, 3);
  for (const wrong of [{ max: 0 }, { maxIdle: -1 }, { min: 1 }, { maximum: 2 }, null]) {
    assert.throws(() => keyed.resize(wrong as object), /max|min|option/);
  }
  assert.deepEqual(keyed.stats.idle, 3);
});

test("resized by a hook while that is being done, each key has the newest limits", async () => {
  const keyed: KeyedPools<string, object> = new KeyedPools({
    create: () => ({}),
    keyOf: (key) => key,
    destroy: (): void => keyed.resize({ max: 3 }),
  });
  for (const key of ["a", "b"]) {
    const leases = [await keyed.acquire(key), await keyed.acquire(key)];
    for (const lease of leases) lease.release();
  }
  keyed.resize({ max: 1 });
  assert.deepEqual(["a", "b"].map((key) => keyed.statsOf(key)?.max), [3, 3]);
});

test("only so many rest for all keys together", async () => {
  const { keyed, destroyed } = pools({ maxIdleTotal: 2 });
  const leases = await Promise.all(["a", "b", "c"].map((key) => keyed.acquire(key)));
  for (const lease of leases) lease.release();
  assert.deepEqual(destroyed, ["a"]);
  assert.equal(keyed.stats.idle, 2);
});

test("a key without resources is forgotten, with its timers", async () => {
  const { keyed, clock } = pools({ idleTimeout: 1000 });
  for (let i = 0; i < 100; i++) (await keyed.acquire(`host ${i}`)).release();
  assert.equal(keyed.stats.keys, 100);
  clock.advance(2000);
  await null;
  assert.equal(keyed.stats.keys, 0);
  assert.equal(clock.timers, 0);
  assert.equal(keyed.statsOf("host 1"), undefined);
});

test("a key where creating fails is remembered until the pause is over", async () => {
  let creates = 0;
  const create = () => {
    creates++;
    throw new Error("refused");
  };
  const { keyed, clock } = pools({ create, backoff: 1000, jitter: 0 });
  await assert.rejects(keyed.acquire("a"), { message: "refused" });
  await null;
  const again = assert.rejects(keyed.acquire("a", { timeout: 100 }), { code: "ACQUIRE_TIMEOUT" });
  clock.advance(200);
  await again;
  assert.equal(creates, 1);
  clock.advance(1000);
  await null;
  assert.equal(keyed.stats.keys, 0);
});

test("who aborts before anything is done leaves no key", async () => {
  const { keyed } = pools();
  await assert.rejects(keyed.acquire("a", { signal: AbortSignal.abort() }));
  await null;
  assert.equal(keyed.stats.keys, 0);
});

test("what happens is told with the key", async () => {
  const { keyed } = pools();
  const told: string[] = [];
  await keyed.acquire("before");
  const stop = keyed.on("acquired", ({ waited }, key) => told.push(`${key} ${waited}`));
  await keyed.acquire("before");
  await keyed.acquire("after");
  stop();
  await keyed.acquire("later");
  assert.deepEqual(told, ["before 0", "after 0"]);
});

test("closing ends all of them", async () => {
  const { keyed, clock, destroyed } = pools();
  (await keyed.acquire("a")).release();
  await keyed.acquire("b");
  const closed = keyed.close({ timeout: 100 });
  await assert.rejects(keyed.acquire("c"), { code: "POOL_CLOSED" });
  clock.advance(100);
  assert.equal(await closed, 1);
  assert.deepEqual(destroyed, ["a", "b"]);
});

test("use and evict do as in a single pool", async () => {
  const { keyed, destroyed } = pools();
  assert.equal(await keyed.use("a", ({ key }) => key), "a");
  await keyed.use("b", () => {});
  assert.equal(keyed.evict(({ key }) => key === "b"), 1);
  assert.deepEqual(destroyed, ["b"]);
});

test("what is no option is refused", () => {
  const create = () => ({ key: "", isDestroyed: false });
  const keyOf = (key: string) => key;
  assert.throws(() => pools({ create, maxTotal: 0 }), RangeError);
  assert.throws(() => new KeyedPools({ create, keyOf: undefined! }), TypeError);
  assert.throws(() => new KeyedPools({ create, keyOf, min: 1 } as never), TypeError);
});

test("however it goes, the limits hold, everybody is served, and nothing is lost", async () => {
  const step = fc.record({ key: fc.constantFrom("a", "b", "c", "d"), end: fc.nat(5) });
  const property = fc.asyncProperty(
    fc.scheduler(),
    fc.array(step, { maxLength: 40 }),
    fc.record({
      max: fc.integer({ min: 1, max: 3 }),
      maxTotal: fc.integer({ min: 1, max: 4 }),
      maxIdleTotal: fc.nat(4),
      maxUses: fc.constantFrom(Infinity, 2),
    }),
    async (scheduler, steps, options) => {
      const made: Thing[] = [];
      let alive = 0;
      const { keyed } = pools({
        ...options,
        acquireTimeout: Infinity,
        idleTimeout: Infinity,
        create: async (key) => {
          assert.ok(++alive <= options.maxTotal, "so many in all");
          assert.ok(keyed.statsOf(key)!.size <= options.max, "so many for each");
          await scheduler.schedule(Promise.resolve(), `create ${key}`);
          const thing = { key, isDestroyed: false };
          made.push(thing);
          return thing;
        },
        destroy: async (thing) => {
          assert.ok(!thing.isDestroyed);
          thing.isDestroyed = true;
          await scheduler.schedule(Promise.resolve(), `destroy ${thing.key}`);
          alive--;
        },
      });
      const leases: Lease<Thing>[] = [];
      let served = 0;
      const settle = async () => {
        await scheduler.waitIdle();
        await turns(1);
        assert.ok(keyed.stats.idle <= options.maxIdleTotal);
      };
      for (const { key, end } of steps) {
        keyed.acquire(key).then((lease) => {
          assert.equal(lease.value.key, key);
          served++;
          leases.push(lease);
        });
        if (end < 3) leases.splice(end % (leases.length || 1), 1).forEach((it) => it.release());
        else if (end === 3) leases.splice(0, 1).forEach((it) => it.discard());
        if (end % 2 === 0) await settle();
      }
      for (let round = 0; round < 200 && served < steps.length; round++) {
        await settle();
        for (const lease of leases.splice(0)) lease.release();
      }
      assert.equal(served, steps.length, "nobody is forgotten");
      for (const lease of leases.splice(0)) lease.release();
      const closed = keyed.close();
      await settle();
      assert.equal(await closed, 0);
      assert.equal(alive, 0);
      assert.ok(made.every(({ isDestroyed }) => isDestroyed));
    },
  );
  await fc.assert(property, { numRuns: 300, includeErrorInReport: true });
});

test("there are never more than maxTotal, as the figures say", async () => {
  const { keyed } = pools({ max: 10, maxTotal: 15 });
  for (const key of ["a", "b"]) await keyed.acquire(key);
  assert.equal(keyed.stats.max, 15);
});

test("what a listener throws is told with the key, too", async () => {
  const { keyed } = pools();
  const told: unknown[] = [];
  keyed.on("error", (_, key) => void told.push(key));
  keyed.on("created", () => {
    throw new Error("on purpose");
  });
  await keyed.acquire("a");
  assert.deepEqual(told, ["a"]);
});

test.run();

// What it costs to have a resource and give it back, with nothing done in between. All have the
// same to do: 10 resources at most, 30 s for those who wait, 30 s at rest. A second peer is
// generic-pool as it is by default, which has neither.
import process from "node:process";
import { gc } from "@posixly/testing";
import { bench } from "@posixly/testing/bench";
import { createPool } from "generic-pool";
import { Pool as TarnPool } from "tarn";
import { Pool } from "./mod.ts";

const SIZE = 10;
const TASKS = 100;
const TIME = 30_000;

const factory = { create: () => Promise.resolve({}), destroy: () => Promise.resolve() };
const timed = {
  max: SIZE,
  acquireTimeoutMillis: TIME,
  idleTimeoutMillis: TIME,
  evictionRunIntervalMillis: TIME / 16,
};

const ours = new Pool({ create: () => ({}), max: SIZE });
const generic = createPool(factory, timed);
const genericPlain = createPool(factory, { max: SIZE });
const tarn = new TarnPool({ create: () => ({}), destroy: () => {}, min: 0, max: SIZE });

const one = {
  "generic-pool": async (times: number) => {
    for (let i = 0; i < times; i++) await generic.release(await generic.acquire());
  },
  "generic-pool, no timeouts": async (times: number) => {
    for (let i = 0; i < times; i++) await genericPlain.release(await genericPlain.acquire());
  },
  tarn: async (times: number) => {
    for (let i = 0; i < times; i++) tarn.release(await tarn.acquire().promise);
  },
};

bench("acquire and release at once", {
  async ours(times) {
    (await ours.acquire()).release(); // so that there is one
    for (let i = 0; i < times; i++) ours.tryAcquire()!.release();
  },
  peers: one,
});

bench("acquire and release, awaited", {
  async ours(times) {
    for (let i = 0; i < times; i++) (await ours.acquire()).release();
  },
  peers: one,
});

/**
 * Many tasks that have a resource so many times altogether. Each is a loop of its own: a function
 * around what is repeated would be a promise more each time, at the expense of all alike.
 */
async function contended(times: number, task: (turns: Turns) => Promise<void>): Promise<void> {
  const turns = { left: times };
  await Promise.all(Array.from({ length: TASKS }, () => task(turns)));
}

interface Turns {
  left: number;
}

function withGeneric(pool: typeof generic): (times: number) => Promise<void> {
  return (times) =>
    contended(times, async (turns) => {
      while (turns.left-- > 0) {
        const resource = await pool.acquire();
        await null; // it is used
        pool.release(resource);
      }
    });
}

bench(`${TASKS} tasks on ${SIZE} resources`, {
  ours: (times) =>
    contended(times, async (turns) => {
      while (turns.left-- > 0) {
        const lease = await ours.acquire();
        await null;
        lease.release();
      }
    }),
  peers: {
    "generic-pool": withGeneric(generic),
    "generic-pool, no timeouts": withGeneric(genericPlain),
    tarn: (times) =>
      contended(times, async (turns) => {
        while (turns.left-- > 0) {
          const resource = await tarn.acquire().promise;
          await null;
          tarn.release(resource);
        }
      }),
  },
});

/** `bytes_per_waiter` as an argument: the memory that one who waits takes, of each. */
if (process.argv[2] === "bytes_per_waiter") await measureMemory();

async function measureMemory(): Promise<void> {
  const waits = {
    ours: () => ours.acquire(),
    "generic-pool": () => generic.acquire(),
    tarn: () => tarn.acquire().promise,
  };
  for (const [name, wait] of Object.entries(waits)) {
    for (let i = 0; i < SIZE; i++) await wait(); // none is left
    const count = 100_000;
    const kept = Array.from<unknown>({ length: count });
    await gc();
    const before = process.memoryUsage().heapUsed;
    for (let i = 0; i < count; i++) kept[i] = wait();
    await gc();
    console.log(name, Math.round((process.memoryUsage().heapUsed - before) / count));
    kept.forEach((promise) => Promise.resolve(promise).catch(() => {}));
  }
  process.exit();
}

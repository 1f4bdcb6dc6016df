// What it costs to have a resource and give it back, with nothing done in between. Peers validate
// nothing, have no timeouts where that can be turned off, and as many resources.
import { bench } from "@posixly/testing/bench";
import genericPool from "generic-pool";
import { Pool as Tarn } from "tarn";
import { Pool } from "./mod.ts";

const SIZE = 10;
const TASKS = 100;

const ours = new Pool({ create: () => ({}), max: SIZE });
const generic = genericPool.createPool(
  { create: () => Promise.resolve({}), destroy: () => Promise.resolve() },
  { max: SIZE },
);
const tarn = new Tarn({ create: () => ({}), destroy: () => {}, min: 0, max: SIZE });

async function withGenericPool(times: number): Promise<void> {
  for (let i = 0; i < times; i++) await generic.release(await generic.acquire());
}

async function withTarn(times: number): Promise<void> {
  for (let i = 0; i < times; i++) tarn.release(await tarn.acquire().promise);
}

bench("acquire and release, tryAcquire", {
  async ours(times) {
    (await ours.acquire()).release(); // so that there is one
    for (let i = 0; i < times; i++) ours.tryAcquire()!.release();
  },
  peers: { "generic-pool": withGenericPool, tarn: withTarn },
});

bench("acquire and release, awaited", {
  async ours(times) {
    for (let i = 0; i < times; i++) (await ours.acquire()).release();
  },
  peers: { "generic-pool": withGenericPool, tarn: withTarn },
});

/** Many tasks, each of which acquires and releases over and over. */
async function contended(times: number, once: () => Promise<void>): Promise<void> {
  let left = times;
  const task = async () => {
    while (left-- > 0) await once();
  };
  await Promise.all(Array.from({ length: TASKS }, task));
}

bench(`${TASKS} tasks on ${SIZE} resources`, {
  ours: (times) =>
    contended(times, async () => {
      const lease = await ours.acquire();
      await null; // it is used
      lease.release();
    }),
  peers: {
    "generic-pool": (times) =>
      contended(times, async () => {
        const resource = await generic.acquire();
        await null;
        await generic.release(resource);
      }),
    tarn: (times) =>
      contended(times, async () => {
        const resource = await tarn.acquire().promise;
        await null;
        tarn.release(resource);
      }),
  },
});

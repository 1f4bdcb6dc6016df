import { TestClock } from "./clock_fixture.ts";
import { type Lease, Pool, type PoolOptions } from "./mod.ts";

/** What is pooled in tests. */
export interface Thing {
  id: number;
}

/** A pool of numbered things, and what was done to them. */
export function things(options: Partial<PoolOptions<Thing>> = {}) {
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
export function givingUp(pool: Pool<Thing>) {
  const controller = new AbortController();
  return { controller, given: pool.acquire({ signal: controller.signal }) };
}

/** A promise, and what settles it. */
export function later<T>() {
  let resolve!: (value: T) => void;
  const promise = new Promise<T>((settle) => void (resolve = settle));
  return { promise, resolve };
}

/** Acquires so many, one after the other. */
export async function acquire(pool: Pool<Thing>, count: number): Promise<Lease<Thing>[]> {
  const leases: Lease<Thing>[] = [];
  while (leases.length < count) leases.push(await pool.acquire());
  return leases;
}

export function releaseAll(leases: Lease<Thing>[]): void {
  for (const lease of leases) lease.release();
}

export const ids = (leases: Lease<Thing>[]) => leases.map(({ value }) => value.id);

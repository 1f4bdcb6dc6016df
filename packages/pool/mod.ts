/**
 * A pool of anything that is dear to make and good for more than one use.
 *
 * @example A connection that is kept for the next one
 * ```ts
 * import { Pool } from "@posixly/pool";
 * import assert from "node:assert/strict";
 *
 * let connections = 0;
 * const pool = new Pool({
 *   create: async () => ({ number: ++connections, async ask() { return 42; } }),
 *   max: 10,
 * });
 * const answers = [1, 2, 3].map(() => pool.use((connection) => connection.ask()));
 * assert.deepEqual(await Promise.all(answers), [42, 42, 42]);
 * await pool.close();
 * ```
 *
 * @module
 */
export { type CloseOptions } from "./closing.ts";
export { type Clock } from "./clock.ts";
export {
  AcquireTimeoutError,
  CreateTimeoutError,
  LeaseError,
  PoolClosedError,
  PoolError,
  TooManyWaitersError,
} from "./errors.ts";
export { type PoolEvents } from "./events.ts";
export { type Lease } from "./lease.ts";
export { type Measurable, measure, type MeasureOptions, type Meter } from "./metrics.ts";
export {
  type AcquireOptions,
  type CreateContext,
  type PoolOptions,
  type PoolSize,
} from "./options.ts";
export { type KeyedPoolOptions, KeyedPools, type KeyedPoolStats } from "./keyed_pools.ts";
export { Pool } from "./pool.ts";
export { type Reason } from "./resource.ts";
export { type PoolStats } from "./stats.ts";
export { type UseOptions } from "./use.ts";

/**
 * Where a pool has the time from, for tests that do not want to wait for it.
 *
 * @example Usage
 * ```ts
 * import { type Clock, Pool } from "@posixly/pool";
 * import assert from "node:assert/strict";
 *
 * let now = 0;
 * let ring = () => {};
 * const clock: Clock = {
 *   now: () => now,
 *   setTimeout: (callback) => void (ring = callback),
 *   clearTimeout: () => {},
 * };
 * const pool = new Pool({ create: () => ({}), idleTimeout: 1000, clock });
 * (await pool.acquire()).release();
 * for (now = 0; now <= 1100; now += 50) ring();
 * assert.equal(pool.stats.size, 0);
 * ```
 */
export interface Clock {
  /** Milliseconds since whenever, which never go back. */
  now(): number;
  /** As the global one. What it returns may have `ref` and `unref`, as in Node. */
  setTimeout(callback: () => void, milliseconds: number): unknown;
  /** As the global one. */
  clearTimeout(timer: unknown): void;
}

/** The time of this machine. */
export const systemClock: Clock = {
  now: () => performance.now(),
  setTimeout: (callback, milliseconds) => setTimeout(callback, milliseconds),
  clearTimeout: (timer) => clearTimeout(timer as number),
};

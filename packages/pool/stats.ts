import type { Engine } from "./engine.ts";

/**
 * What a pool has and what it has done so far, see {@linkcode Pool.stats}.
 *
 * `size` is `idle + leased + checking + creating + destroying`.
 *
 * @example Usage
 * ```ts
 * import { Pool, type PoolStats } from "@posixly/pool";
 * import assert from "node:assert/strict";
 *
 * const pool = new Pool({ create: () => ({}) });
 * using lease = await pool.acquire();
 * const { size, leased, idle }: PoolStats = pool.stats;
 * assert.deepEqual({ size, leased, idle }, { size: 1, leased: 1, idle: 0 });
 * ```
 */
export interface PoolStats {
  /** How many resources there are, those included that are being created or destroyed. */
  readonly size: number;
  /** How many of them rest. */
  readonly idle: number;
  /** How many of them are leased. */
  readonly leased: number;
  /** How many of them are being validated. */
  readonly checking: number;
  /** How many of them are being created. */
  readonly creating: number;
  /** How many of them are being destroyed. */
  readonly destroying: number;
  /** How many leases there are; more than `leased` where resources carry several. */
  readonly leases: number;
  /** How many wait. */
  readonly waiting: number;
  /** How many may be there at least. */
  readonly min: number;
  /** How many may be there at most. */
  readonly max: number;
  /** How many leases there were so far. */
  readonly acquired: number;
  /** How many have waited in vain, for as long as they would. */
  readonly timedOut: number;
  /** How many resources were created so far. */
  readonly created: number;
  /** How many times creating one has failed, or taken too long. */
  readonly createFailures: number;
  /** How many resources were destroyed so far. */
  readonly destroyed: number;
  /** How many resources were found not to be valid. */
  readonly invalid: number;
}

export function statsOf<T>(engine: Engine<T>): PoolStats {
  const { stock, settings, shelf } = engine;
  return {
    size: stock.size,
    idle: shelf.resting,
    leased: stock.resources.size - shelf.resting - stock.checking,
    checking: stock.checking,
    creating: stock.creating,
    destroying: stock.leaving,
    leases: engine.leases,
    waiting: engine.waiters.size,
    min: settings.min,
    max: settings.max,
    acquired: engine.acquired,
    timedOut: engine.timedOut,
    created: stock.created,
    createFailures: stock.createFailures,
    destroyed: stock.destroyed,
    invalid: stock.invalid,
  };
}

/** The figures of several pools together. */
export function sum(all: PoolStats[]): PoolStats {
  const total = statsOfNothing();
  for (const stats of all) {
    for (const name of Object.keys(total) as (keyof PoolStats)[]) total[name] += stats[name];
  }
  return total;
}

function statsOfNothing(): { -readonly [Name in keyof PoolStats]: number } {
  return {
    size: 0,
    idle: 0,
    leased: 0,
    checking: 0,
    creating: 0,
    destroying: 0,
    leases: 0,
    waiting: 0,
    min: 0,
    max: 0,
    acquired: 0,
    timedOut: 0,
    created: 0,
    createFailures: 0,
    destroyed: 0,
    invalid: 0,
  };
}

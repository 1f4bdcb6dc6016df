import type { Link } from "./chain.ts";
import type { Engine } from "./engine.ts";
import { requireOneOf } from "./options.ts";

/**
 * Why a resource is destroyed, as {@linkcode PoolOptions.destroy} is told.
 *
 * @example Usage
 * ```ts
 * import { Pool, type Reason } from "@posixly/pool";
 * import assert from "node:assert/strict";
 *
 * const reasons: Reason[] = [];
 * const pool = new Pool({
 *   create: () => ({}),
 *   destroy: (_resource, reason) => void reasons.push(reason),
 *   maxUses: 1,
 * });
 * (await pool.acquire()).release();
 * assert.deepEqual(reasons, ["used-up"]);
 * ```
 */
export type Reason =
  /** It has rested for {@linkcode PoolOptions.idleTimeout}. */
  | "idle"
  /** It has lived for {@linkcode PoolOptions.maxLifetime}. */
  | "expired"
  /** It was leased {@linkcode PoolOptions.maxUses} times. */
  | "used-up"
  /** It is not valid, or not reusable any more, or a hook threw. */
  | "invalid"
  /** {@linkcode Lease.discard} */
  | "discarded"
  /** {@linkcode Pool.evict} */
  | "evicted"
  /** More are there than may be: `maxIdle`, or a lowered `max`. */
  | "surplus"
  /** It came when nobody wanted it any more: after `createTimeout`, or after the end. */
  | "late"
  /** {@linkcode Pool.close} */
  | "closed";

const reasons: readonly Reason[] = [
  "idle",
  "expired",
  "used-up",
  "invalid",
  "discarded",
  "evicted",
  "surplus",
  "late",
  "closed",
];

/** Checks a reason that somebody gives. */
export function requireReason(reason: Reason): void {
  requireOneOf(reason, "reason", reasons);
}

/** One of the things that are pooled, and what the pool knows about it. */
export class Resource<T> implements Link<Resource<T>> {
  readonly value: T;
  readonly home: Engine<T>;
  before: Resource<T> | null = null;
  after: Resource<T> | null = null;
  /** Whether the shelf has it. */
  isLinked = false;
  /** Whether nobody is to have it: it is being checked, or on its way out. */
  isAside = true;
  /** How many have it now, and how many times it was leased in all. */
  leases = 0;
  uses = 0;
  /** Why it has to go as soon as nobody uses it. */
  doom: Reason | null = null;
  /** Since when it rests, as was noted down when it had been leased so many times. */
  restedAt = 0;
  usesAtRest = -1;
  /** When it was last used or found valid, if it can be asked for that. */
  provenAt = 0;
  /** When its life is over. */
  expiresAt: number;

  constructor(value: T, home: Engine<T>, expiresAt: number) {
    this.value = value;
    this.home = home;
    this.expiresAt = expiresAt;
  }

  get isAtRest(): boolean {
    return this.leases === 0 && this.isLinked;
  }
}

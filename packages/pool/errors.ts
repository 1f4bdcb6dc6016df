/**
 * Why a pool refuses. Test the `code`, which is right even if two copies of this package are
 * loaded:
 *
 * - `POOL_CLOSED`: {@linkcode PoolClosedError}
 * - `ACQUIRE_TIMEOUT`: {@linkcode AcquireTimeoutError}
 * - `CREATE_TIMEOUT`: {@linkcode CreateTimeoutError}
 * - `TOO_MANY_WAITERS`: {@linkcode TooManyWaitersError}
 * - `LEASE_ENDED`, `LEASE_SHARED`: {@linkcode LeaseError}
 *
 * @example Usage
 * ```ts
 * import { Pool, PoolError } from "@posixly/pool";
 * import assert from "node:assert/strict";
 *
 * const pool = new Pool({ create: () => ({}) });
 * await pool.close();
 * const error = await pool.acquire().catch((error) => error);
 * assert.ok(error instanceof PoolError);
 * assert.equal(error.code, "POOL_CLOSED");
 * ```
 */
export class PoolError extends Error {
  /** What happened, in one word that stays. */
  readonly code: string;

  /**
   * @param code What happened, in one word
   * @param message What happened, in a sentence
   * @param options The error that led to it
   */
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.name = new.target.name;
  }
}

/**
 * The pool was closed: it hands out nothing any more, and whoever waited is told so.
 *
 * @example Usage
 * ```ts
 * import { Pool, PoolClosedError } from "@posixly/pool";
 * import assert from "node:assert/strict";
 *
 * const pool = new Pool({ create: () => ({}) });
 * await pool.close();
 * await assert.rejects(pool.acquire(), PoolClosedError);
 * ```
 */
export class PoolClosedError extends PoolError {
  /** Says that a pool was closed. */
  constructor() {
    super("POOL_CLOSED", "Cannot acquire a resource: the pool was closed");
  }
}

/**
 * Nothing came free in time. If creating one has failed meanwhile, `cause` is the last failure.
 *
 * @example Usage
 * ```ts
 * import { AcquireTimeoutError, Pool } from "@posixly/pool";
 * import assert from "node:assert/strict";
 *
 * const pool = new Pool({ create: () => ({}), max: 1 });
 * using lease = await pool.acquire();
 * await assert.rejects(pool.acquire({ timeout: 5 }), AcquireTimeoutError);
 * ```
 */
export class AcquireTimeoutError extends PoolError {
  /**
   * @param timeout How many milliseconds were waited
   * @param options The last failure to create a resource
   */
  constructor(timeout: number, options?: ErrorOptions) {
    super("ACQUIRE_TIMEOUT", `Cannot acquire a resource: none came free in ${timeout} ms`, options);
  }
}

/**
 * A resource took too long to create. If it comes later, it is destroyed.
 *
 * @example Usage
 * ```ts
 * import { CreateTimeoutError, Pool } from "@posixly/pool";
 * import assert from "node:assert/strict";
 *
 * const pool = new Pool({ create: () => new Promise<object>(() => {}), createTimeout: 5 });
 * await assert.rejects(pool.acquire(), CreateTimeoutError);
 * ```
 */
export class CreateTimeoutError extends PoolError {
  /** @param timeout How many milliseconds were waited */
  constructor(timeout: number) {
    super("CREATE_TIMEOUT", `Cannot create a resource: it was not there after ${timeout} ms`);
  }
}

/**
 * As many wait already as may, see {@linkcode PoolOptions.maxWaiters}. If creating a resource has
 * just failed, `cause` is that failure.
 *
 * @example Usage
 * ```ts
 * import { Pool, TooManyWaitersError } from "@posixly/pool";
 * import assert from "node:assert/strict";
 *
 * const pool = new Pool({ create: () => ({}), max: 1, maxWaiters: 0 });
 * using lease = await pool.acquire();
 * await assert.rejects(pool.acquire(), TooManyWaitersError);
 * ```
 */
export class TooManyWaitersError extends PoolError {
  /**
   * @param maxWaiters How many may wait
   * @param options The last failure to create a resource
   */
  constructor(maxWaiters: number, options?: ErrorOptions) {
    super("TOO_MANY_WAITERS", `Cannot wait for a resource: ${maxWaiters} wait already`, options);
  }
}

/**
 * A lease was used after its end (`LEASE_ENDED`), or was to take a resource out of the pool that
 * others have leased as well (`LEASE_SHARED`).
 *
 * @example Usage
 * ```ts
 * import { LeaseError, Pool } from "@posixly/pool";
 * import assert from "node:assert/strict";
 *
 * const pool = new Pool({ create: () => ({}) });
 * const lease = await pool.acquire();
 * lease.release();
 * assert.throws(() => lease.value, LeaseError);
 * assert.throws(() => lease.release(), { code: "LEASE_ENDED" });
 * ```
 */
export class LeaseError extends PoolError {}

import type { Lease } from "./lease.ts";
import { type AcquireOptions, requireFunction, requireKnown } from "./options.ts";

/**
 * How to use a resource, see {@linkcode Pool.use}.
 *
 * @example Usage
 * ```ts
 * import { Pool, type UseOptions } from "@posixly/pool";
 * import assert from "node:assert/strict";
 *
 * const options: UseOptions = { keep: (error) => error instanceof RangeError };
 * const pool = new Pool({ create: () => ({}) });
 * const work = () => {
 *   throw new RangeError("not the fault of the connection");
 * };
 * await assert.rejects(pool.use(work, options), RangeError);
 * assert.equal(pool.stats.idle, 1);
 * ```
 */
export interface UseOptions extends AcquireOptions {
  /**
   * Whether the resource can be used by others after such an error; only `true` says so. By default
   * it is discarded after any: who knows what state it is in.
   */
  readonly keep?: (error: unknown) => boolean;
}

/** Leases a resource for as long as a function runs. */
export async function use<T, Result>(
  acquire: (options: AcquireOptions) => Promise<Lease<T>>,
  work: (resource: T, lease: Lease<T>) => Result | PromiseLike<Result>,
  options: UseOptions,
): Promise<Result> {
  requireFunction(work, "work");
  const { keep, wait } = settleUse(options);
  using lease = await acquire(wait);
  try {
    return await work(lease.value, lease);
  } catch (error) {
    judge(error, lease, keep);
    throw error;
  }
}

/** Checks how to use a resource: what of it is about waiting, and what about errors. */
export function settleUse(options: UseOptions): { keep: UseOptions["keep"]; wait: AcquireOptions } {
  requireKnown(options, ["signal", "timeout", "priority", "keep"]);
  const { keep, ...wait } = options;
  if (keep !== undefined) requireFunction(keep, "keep");
  return { keep, wait };
}

/** Discards a resource after an error, unless it may be kept; also if `keep` throws. */
export function judge<T>(error: unknown, lease: Lease<T>, keep: UseOptions["keep"]): void {
  let mayKeep = false;
  try {
    mayKeep = keep?.(error) === true;
  } finally {
    if (!mayKeep && !lease.ended) lease.discard();
  }
}

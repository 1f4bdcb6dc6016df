import { bitsOf, ok, requireInteger, requireInteger64 } from "@posixly/sys";
import { readCount } from "./count.ts";
import { EFD_CLOEXEC, EFD_NONBLOCK, EFD_SEMAPHORE, libc } from "./libc.ts";
import { OwnedFd } from "./owned_fd.ts";
import { write } from "./write.ts";

/** The most that the counter holds: the next number up stands for an error. */
const MAX = 2n ** 64n - 2n;

/**
 * How an eventfd counts.
 *
 * @example Usage
 * ```ts
 * import { eventfd, type EventFdOptions } from "@posixly/fd";
 * import assert from "node:assert/strict";
 *
 * const options: EventFdOptions = { semaphore: true };
 * using tokens = eventfd(2, options);
 * assert.deepEqual([tokens.take(), tokens.take(), tokens.take()], [1, 1, null]);
 * ```
 */
export interface EventFdOptions {
  /** Whether taking takes 1, and not the whole count: `EFD_SEMAPHORE`. */
  readonly semaphore?: boolean;
}

/**
 * A counter in the kernel, eventfd(2), readable while it is not 0. Whoever holds the
 * descriptor may add to it or take from it: another thread, another process, a driver.
 *
 * @param initial What it starts from, up to 2 ** 32 - 1
 * @param options Whether it is a semaphore
 * @returns The counter
 * @throws {SyscallError} `EMFILE` or `ENFILE` if too many descriptors are open
 * @throws {TypeError | RangeError} If `initial` is no such number
 *
 * @example Usage
 * ```ts
 * import { eventfd } from "@posixly/fd";
 * import assert from "node:assert/strict";
 *
 * using counter = eventfd();
 * counter.add(2);
 * counter.add(3);
 * assert.equal(counter.take(), 5);
 * assert.equal(counter.take(), null); // nothing yet
 * ```
 */
export function eventfd(initial = 0, options: EventFdOptions = {}): EventFd {
  requireInteger(initial, "initial", 0, 0xffff_ffff);
  const flags = bitsOf({ semaphore: EFD_SEMAPHORE }, options) | EFD_CLOEXEC | EFD_NONBLOCK;
  return new EventFd(ok(libc.eventfd(initial, flags), "eventfd"));
}

/**
 * The counter that {@linkcode eventfd} makes; or take one over that came from elsewhere.
 *
 * @example Usage
 * ```ts
 * import { eventfd, EventFd } from "@posixly/fd";
 * import assert from "node:assert/strict";
 *
 * using counter = new EventFd(eventfd(7).release());
 * assert.equal(counter.take(), 7);
 * ```
 */
export class EventFd extends OwnedFd {
  /**
   * Adds to the counter, which wakes whoever waits for it.
   *
   * @param n How much, from 0 to 2 ** 64 - 2
   * @returns `true`, or `null` if it would block because the sum were more than 2 ** 64 - 2;
   * nothing is added then
   * @throws {TypeError | RangeError} If `n` is no such number
   */
  add(n: number | bigint): true | null {
    requireInteger64(n, "n", 0n, MAX);
    return write(this, BigUint64Array.of(BigInt(n))) === null ? null : true;
  }

  /**
   * Takes all there is, or 1 from a semaphore.
   *
   * @returns What was taken, a bigint beyond 2 ** 53 - 1; or `null` if it would block
   * because the counter is 0
   */
  take(): number | bigint | null {
    return readCount(this);
  }
}

import { requireInteger, requireInteger64, requireKnown, show } from "@posixly/sys";

/**
 * A point in time or a span of it: milliseconds, of which the fraction counts, or
 * seconds and nanoseconds, for what a number of milliseconds cannot hold exactly.
 *
 * @example Usage
 * ```ts
 * import { type Time, timerfd } from "@posixly/fd";
 *
 * const quarter: Time = 0.25; // milliseconds
 * const exact: Time = { seconds: 1_800_000_000, nanoseconds: 1 };
 *
 * using timer = timerfd();
 * timer.set({ after: quarter });
 * timer.set({ at: exact });
 * ```
 */
export type Time = number | { readonly seconds: number | bigint; readonly nanoseconds?: number };

/**
 * A time as the kernel gives it, exact to the nanosecond.
 *
 * @example Usage
 * ```ts
 * import { type ExactTime, timerfd } from "@posixly/fd";
 * import assert from "node:assert/strict";
 *
 * using timer = timerfd();
 * timer.set({ after: 60_000 });
 * const left: ExactTime = timer.left()!;
 * assert.ok(left.seconds <= 60);
 * ```
 */
export interface ExactTime {
  /** Whole seconds. */
  readonly seconds: number | bigint;
  /** The rest, from 0 to 999,999,999. */
  readonly nanoseconds: number;
}

/**
 * The fields of a `struct timespec`.
 *
 * @example Usage
 * ```ts
 * import type { Timespec } from "@posixly/fd";
 *
 * const second: Timespec = { tv_sec: 1, tv_nsec: 0 };
 * ```
 */
export interface Timespec {
  /** Whole seconds. */
  readonly tv_sec: number | bigint;
  /** The rest in nanoseconds, from 0 to 999,999,999. */
  readonly tv_nsec: number;
}

/**
 * A time in the words of the kernel, for calls that take a `struct timespec`.
 *
 * @param time What the caller passed
 * @param name What the caller calls it, for the error
 * @param round What to do with a fraction of a nanosecond; `Math.ceil` for a wait that must
 * not end early
 * @returns The same time
 * @throws {TypeError} If it is no time
 * @throws {RangeError} If it is negative, or too large
 *
 * @example Usage
 * ```ts
 * import { toTimespec } from "@posixly/fd";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(toTimespec(1500.25, "after"), { tv_sec: 1, tv_nsec: 500_250_000 });
 * assert.throws(() => toTimespec(-1, "after"), {
 *   message: "after must be from 0 to 2 ** 53 - 1 milliseconds, not -1",
 * });
 * ```
 */
export function toTimespec(
  time: Time,
  name: string,
  round: (nanoseconds: number) => number = Math.round,
): Timespec {
  if (typeof time === "object" && time !== null) {
    requireKnown(time, ["seconds", "nanoseconds"]);
    return {
      tv_sec: requireInteger64(time.seconds, `${name}.seconds`),
      tv_nsec: requireInteger(time.nanoseconds ?? 0, `${name}.nanoseconds`, 0, 999_999_999),
    };
  }
  if (typeof time !== "number" || Number.isNaN(time)) {
    throw new TypeError(
      `${name} must be milliseconds or { seconds, nanoseconds }, not ${show(time)}`,
    );
  }
  if (time < 0 || time > Number.MAX_SAFE_INTEGER) {
    throw new RangeError(`${name} must be from 0 to 2 ** 53 - 1 milliseconds, not ${time}`);
  }
  const seconds = Math.floor(time / 1000);
  const nanoseconds = round((time - seconds * 1000) * 1e6);
  return nanoseconds === 1e9
    ? { tv_sec: seconds + 1, tv_nsec: 0 }
    : { tv_sec: seconds, tv_nsec: nanoseconds };
}

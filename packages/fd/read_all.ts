import { errno, requireInteger, requireKnown, SyscallError } from "@posixly/sys";
import { type AsFd, fdOf } from "./as_fd.ts";
import { fill } from "./fill.ts";

/**
 * How much to expect, see {@linkcode readAll}.
 *
 * @example Usage
 * ```ts
 * import { open, readAll, type ReadAllOptions } from "@posixly/fd";
 * import assert from "node:assert/strict";
 *
 * const careful: ReadAllOptions = { limit: 1000 };
 * using endless = open("/dev/zero");
 * assert.throws(() => readAll(endless, careful), { message: /more than 1000 bytes/ });
 * ```
 */
export interface ReadAllOptions {
  /** The most bytes there may be; more are an error. By default, and with `Infinity`, any number. */
  readonly limit?: number;
  /** How many bytes there probably are; if that is right, nothing is copied. */
  readonly sizeHint?: number;
}

/** How much to read at first if nobody knows, and at last to see the end. */
const CHUNK = 65_536;

/** How much to read at once, at most: beyond that, memory is asked for that may not be needed. */
const LARGEST_CHUNK = 2 ** 24;

/**
 * Reads until the end of file.
 *
 * @param fd Where to read from
 * @param options How much to expect
 * @returns All that was left to read
 * @throws {SyscallError} As {@linkcode read}; `EAGAIN` if the descriptor is non-blocking and
 * its end is not there yet: what was read until then is lost, so be sure of the end, or wait
 * @throws {Error} If there are more than `limit` bytes, of which one more has been read then
 * @throws {TypeError | RangeError} If `limit` or `sizeHint` is no whole number from 0
 *
 * @example Usage
 * ```ts
 * import { open, readAll } from "@posixly/fd";
 * import assert from "node:assert/strict";
 *
 * using file = open("/proc/version");
 * assert.match(new TextDecoder().decode(readAll(file)), /^Linux/);
 * ```
 */
export function readAll(fd: AsFd, options: ReadAllOptions = {}): Uint8Array<ArrayBuffer> {
  requireKnown(options, ["limit", "sizeHint"]);
  const { limit = Infinity, sizeHint = CHUNK } = options;
  if (limit !== Infinity) requireInteger(limit, "limit", 0, Number.MAX_SAFE_INTEGER);
  requireInteger(sizeHint, "sizeHint", 0, Number.MAX_SAFE_INTEGER);

  const full: Uint8Array<ArrayBuffer>[] = [];
  let total = 0;
  let size = sizeHint;
  for (;;) {
    // One byte beyond the limit is enough to know that there is more.
    const chunk = new Uint8Array(Math.min(size, limit - total + 1));
    const { filled, blocked } = fill(fd, chunk);
    if (blocked) throw new SyscallError(errno.EAGAIN, "read", { fd: fdOf(fd) });
    total += filled;
    if (total > limit) {
      throw new Error(`Cannot read descriptor ${fdOf(fd)}: there are more than ${limit} bytes`);
    }
    if (filled < chunk.length) return join(full, chunk, filled);
    full.push(chunk);
    size = Math.max(CHUNK, Math.min(total, LARGEST_CHUNK));
  }
}

/** All chunks as one; what need not be copied is not. */
function join(
  full: readonly Uint8Array<ArrayBuffer>[],
  last: Uint8Array<ArrayBuffer>,
  filled: number,
): Uint8Array<ArrayBuffer> {
  if (full.length === 1 && filled === 0) return full[0];
  if (full.length === 0) return last.slice(0, filled);
  const joined = new Uint8Array(full.reduce((sum, { length }) => sum + length, filled));
  let end = 0;
  for (const chunk of [...full, last.subarray(0, filled)]) {
    joined.set(chunk, end);
    end += chunk.length;
  }
  return joined;
}

import { errno, ok, requireInteger64 } from "@posixly/sys";
import { type AsFd, fdOf } from "./as_fd.ts";
import { libc, SEEK_CUR, SEEK_DATA, SEEK_END, SEEK_HOLE, SEEK_SET } from "./libc.ts";
import { oneOf } from "./names.ts";

/**
 * What {@linkcode seek} counts from, or looks for.
 *
 * - `start`, `current`, `end`: of the file, of the position it has now
 * - `data`: the next byte at `offset` or after it that is stored
 * - `hole`: the next one that is not, where the file reads as zeros; its end is such a one
 *
 * @example Usage
 * ```ts
 * import { memfd, seek, type Whence } from "@posixly/fd";
 * import assert from "node:assert/strict";
 *
 * const whence: Whence = "end";
 * using file = memfd("example");
 * assert.equal(seek(file, 10, whence), 10);
 * ```
 */
export type Whence = keyof typeof whences;

const whences = {
  start: SEEK_SET,
  current: SEEK_CUR,
  end: SEEK_END,
  data: SEEK_DATA,
  hole: SEEK_HOLE,
};

const I64_MIN = -(2n ** 63n);

/**
 * Moves the position at which a file is read and written next, lseek(2). All duplicates of a
 * descriptor, in other processes too, share one position.
 *
 * @param fd The file
 * @param offset How far, in bytes; negative only from `current` and `end`
 * @param whence What to count from, or to look for
 * @returns The new position, a bigint beyond 2 ** 53 - 1; `null` if there is no more data,
 * or no hole since `offset` is at the end or beyond
 * @throws {SyscallError} `ESPIPE` if it has no position, as a pipe or a socket; `EINVAL` if
 * the position would be negative or too large; `EBADF` if it is not open
 * @throws {TypeError} If `whence` is none of these
 * @throws {RangeError} If `offset` is out of range
 *
 * @example Where a file has data
 * ```ts
 * import { memfd, pwrite, seek } from "@posixly/fd";
 * import assert from "node:assert/strict";
 *
 * using file = memfd("sparse");
 * pwrite(file, new Uint8Array([1]), 2 ** 30);
 * assert.equal(seek(file, 0, "data"), 2 ** 30);
 * assert.equal(seek(file, 0, "hole"), 0);
 * assert.equal(seek(file, 0, "end"), 2 ** 30 + 1);
 * assert.equal(seek(file, 2 ** 31, "data"), null); // no more
 * ```
 */
export function seek(
  fd: AsFd,
  offset: number | bigint,
  whence?: "start" | "current" | "end",
): number | bigint;
export function seek(fd: AsFd, offset: number | bigint, whence: Whence): number | bigint | null;
export function seek(
  fd: AsFd,
  offset: number | bigint,
  whence: Whence = "start",
): number | bigint | null {
  const number = fdOf(fd);
  const from = oneOf(whences, whence, "whence");
  const mayBeNegative = from === SEEK_CUR || from === SEEK_END;
  requireInteger64(offset, "offset", mayBeNegative ? I64_MIN : 0n);
  const position = libc.lseek(number, offset, from);
  if (position === -errno.ENXIO && (from === SEEK_DATA || from === SEEK_HOLE)) return null;
  return ok(position, "lseek", { fd: number });
}

/**
 * The position at which a file is read and written next.
 *
 * @param fd The file
 * @returns The position in bytes, a bigint beyond 2 ** 53 - 1
 * @throws {SyscallError} `ESPIPE` if it has no position, as a pipe or a socket; `EBADF` if
 * it is not open
 *
 * @example Usage
 * ```ts
 * import { memfd, position, write } from "@posixly/fd";
 * import assert from "node:assert/strict";
 *
 * using file = memfd("example");
 * write(file, new Uint8Array(3));
 * assert.equal(position(file), 3);
 * ```
 */
export function position(fd: AsFd): number | bigint {
  return seek(fd, 0, "current");
}

import { errno, ok, oneOf, requireInteger64 } from "@posixly/sys";
import { type AsFd, fdOf } from "./as_fd.ts";
import { libc, SEEK_CUR, SEEK_DATA, SEEK_END, SEEK_HOLE, SEEK_SET } from "./libc.ts";

/**
 * What {@linkcode seek} counts from: the start or the end of the file, or its current position.
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

const whences = { start: SEEK_SET, current: SEEK_CUR, end: SEEK_END };

/** Below its negative, a result is no error. */
const MAX_ERRNO = 4095;

const I64_MIN = -(2n ** 63n);

/**
 * Moves the position at which a file is read and written next, lseek(2). All duplicates of a
 * descriptor, in other processes too, share one position.
 *
 * @param fd The file
 * @param offset How far, in bytes; negative only from `current` and `end`
 * @param whence What to count from; the start of the file by default
 * @returns The new position, a bigint beyond 2 ** 53 - 1
 * @throws {SyscallError} `ESPIPE` if it has no position, as a pipe or a socket; `EINVAL` if
 * the position would be negative or too large; `EBADF` if it is not open
 * @throws {TypeError} If `whence` is none of these
 * @throws {RangeError} If `offset` is out of range
 *
 * @example Usage
 * ```ts
 * import { memfd, seek, write } from "@posixly/fd";
 * import assert from "node:assert/strict";
 *
 * using file = memfd("example");
 * write(file, new Uint8Array(10));
 * assert.equal(seek(file, 4), 4);
 * assert.equal(seek(file, 2, "current"), 6);
 * assert.equal(seek(file, -1, "end"), 9);
 * ```
 */
export function seek(
  fd: AsFd,
  offset: number | bigint,
  whence: Whence = "start",
): number | bigint {
  const number = fdOf(fd);
  const from = oneOf(whences, whence, "whence");
  requireInteger64(offset, "offset", from === SEEK_SET ? 0n : I64_MIN);
  const reached = libc.lseek(number, offset, from);
  // In memory, as /proc has it, there are more positions than the result has positive numbers.
  if (reached < -MAX_ERRNO) return BigInt.asUintN(64, BigInt(reached));
  return ok(reached, "lseek", { fd: number });
}

/**
 * Moves the position to the next byte that is stored, `SEEK_DATA` of lseek(2).
 *
 * @param fd The file
 * @param offset Where to start to look, in bytes
 * @returns The new position: `offset` itself or beyond; `null` if there is no more data,
 * and then the position stays
 * @throws {SyscallError} As {@linkcode seek}
 * @throws {TypeError | RangeError} If `offset` is no whole number from 0 to 2 ** 63 - 1
 *
 * @example Usage
 * ```ts
 * import { memfd, pwrite, seekData } from "@posixly/fd";
 * import assert from "node:assert/strict";
 *
 * using file = memfd("sparse");
 * pwrite(file, new Uint8Array([1]), 2 ** 30);
 * assert.equal(seekData(file, 0), 2 ** 30);
 * assert.equal(seekData(file, 2 ** 31), null); // no more
 * ```
 */
export function seekData(fd: AsFd, offset: number | bigint): number | bigint | null {
  return find(fd, offset, SEEK_DATA);
}

/**
 * Moves the position to the next hole, where nothing is stored and the file reads as zeros,
 * `SEEK_HOLE` of lseek(2). The end of the file is one.
 *
 * @param fd The file
 * @param offset Where to start to look, in bytes
 * @returns The new position: `offset` itself or beyond; `null` if `offset` is at the end of
 * the file or beyond, and then the position stays
 * @throws {SyscallError} As {@linkcode seek}
 * @throws {TypeError | RangeError} If `offset` is no whole number from 0 to 2 ** 63 - 1
 *
 * @example Usage
 * ```ts
 * import { memfd, seekHole, write } from "@posixly/fd";
 * import assert from "node:assert/strict";
 *
 * using file = memfd("dense");
 * write(file, new Uint8Array(100));
 * assert.equal(seekHole(file, 0), 100);
 * assert.equal(seekHole(file, 100), null);
 * ```
 */
export function seekHole(fd: AsFd, offset: number | bigint): number | bigint | null {
  return find(fd, offset, SEEK_HOLE);
}

function find(fd: AsFd, offset: number | bigint, what: number): number | bigint | null {
  const number = fdOf(fd);
  requireInteger64(offset, "offset");
  const position = libc.lseek(number, offset, what);
  return position === -errno.ENXIO ? null : ok(position, "lseek", { fd: number });
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

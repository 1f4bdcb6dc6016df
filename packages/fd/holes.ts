import type { AsFd } from "./as_fd.ts";
import { fallocate } from "./fallocate.ts";
import {
  FALLOC_FL_COLLAPSE_RANGE,
  FALLOC_FL_INSERT_RANGE,
  FALLOC_FL_KEEP_SIZE,
  FALLOC_FL_PUNCH_HOLE,
} from "./libc.ts";

/**
 * Gives the space of a part of a file back, `FALLOC_FL_PUNCH_HOLE` of fallocate(2). The part
 * reads as zeros then; the size of the file stays.
 *
 * @param fd The file, open for writing
 * @param offset Where the part begins, in bytes
 * @param length How many bytes it has, at least 1; only whole blocks are given back
 * @throws {SyscallError} As {@linkcode allocate}, and `EPERM` if it is sealed against writing
 * @throws {TypeError | RangeError} If `offset` or `length` is out of range
 *
 * @example Usage
 * ```ts
 * import { memfd, punchHole, seekData, write } from "@posixly/fd";
 * import assert from "node:assert/strict";
 *
 * using file = memfd("sparse");
 * write(file, new Uint8Array(2 ** 20).fill(1));
 * punchHole(file, 0, 2 ** 19);
 * assert.equal(seekData(file, 0), 2 ** 19);
 * ```
 */
export function punchHole(fd: AsFd, offset: number | bigint, length: number | bigint): void {
  fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, length);
}

/**
 * Cuts a part out of a file, `FALLOC_FL_COLLAPSE_RANGE` of fallocate(2). What comes after it
 * moves down, without being copied.
 *
 * @param fd The file, open for writing
 * @param offset Where the part begins, in bytes: a multiple of the file system's block size
 * @param length How many bytes it has: such a multiple, too
 * @throws {SyscallError} As {@linkcode allocate}; `EINVAL` if it is not aligned or reaches
 * to the end of the file; `EOPNOTSUPP` on most but ext4, XFS and F2FS
 * @throws {TypeError | RangeError} If `offset` or `length` is out of range
 *
 * @example Usage
 * ```ts
 * import { collapseRange, memfd } from "@posixly/fd";
 * import assert from "node:assert/strict";
 *
 * using file = memfd("queue"); // a tmpfs has no such thing
 * assert.throws(() => collapseRange(file, 0, 4096), { code: "EOPNOTSUPP" });
 * ```
 */
export function collapseRange(fd: AsFd, offset: number | bigint, length: number | bigint): void {
  fallocate(fd, FALLOC_FL_COLLAPSE_RANGE, offset, length);
}

/**
 * Puts a hole into a file, `FALLOC_FL_INSERT_RANGE` of fallocate(2). What comes after it moves
 * up, without being copied.
 *
 * @param fd The file, open for writing
 * @param offset Where the hole begins, in bytes: a multiple of the file system's block size
 * @param length How many bytes it has: such a multiple, too
 * @throws {SyscallError} As {@linkcode allocate}; `EINVAL` if it is not aligned or begins
 * at the end of the file or beyond; `EOPNOTSUPP` on most but ext4, XFS and F2FS
 * @throws {TypeError | RangeError} If `offset` or `length` is out of range
 *
 * @example Usage
 * ```ts
 * import { insertRange, memfd } from "@posixly/fd";
 * import assert from "node:assert/strict";
 *
 * using file = memfd("queue"); // a tmpfs has no such thing
 * assert.throws(() => insertRange(file, 0, 4096), { code: "EOPNOTSUPP" });
 * ```
 */
export function insertRange(fd: AsFd, offset: number | bigint, length: number | bigint): void {
  fallocate(fd, FALLOC_FL_INSERT_RANGE, offset, length);
}

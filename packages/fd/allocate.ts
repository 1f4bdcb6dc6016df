import { bitsOf } from "@posixly/sys";
import type { AsFd } from "./as_fd.ts";
import { fallocate } from "./fallocate.ts";
import { FALLOC_FL_KEEP_SIZE, FALLOC_FL_ZERO_RANGE } from "./libc.ts";

/**
 * What becomes of the size of a file, see {@linkcode allocate} and {@linkcode zeroRange}.
 *
 * @example Usage
 * ```ts
 * import { allocate, type AllocateOptions, memfd, stat } from "@posixly/fd";
 * import assert from "node:assert/strict";
 *
 * const ahead: AllocateOptions = { keepSize: true };
 * using file = memfd("log");
 * allocate(file, 0, 65536, ahead);
 * assert.equal(stat(file).size, 0);
 * ```
 */
export interface AllocateOptions {
  /** Whether the file keeps its size although the range ends beyond: `FALLOC_FL_KEEP_SIZE`. */
  readonly keepSize?: boolean;
}

const sizes = { keepSize: FALLOC_FL_KEEP_SIZE };

/**
 * Reserves space for a part of a file, fallocate(2), so that writing there cannot fail for want
 * of it. What is stored there stays; the file grows to the end of the range if it is shorter.
 *
 * @param fd The file, open for writing
 * @param offset Where the part begins, in bytes
 * @param length How many bytes it has, at least 1
 * @param options Whether the file keeps its size
 * @throws {SyscallError} `ENOSPC` if there is no room, `EFBIG` if the file would be too large,
 * `EOPNOTSUPP` if the file system cannot do it, `EBADF` if it is not open for writing,
 * `ESPIPE` or `ENODEV` if it is no file
 * @throws {TypeError | RangeError} If `offset` or `length` is out of range
 *
 * @example Usage
 * ```ts
 * import { allocate, memfd, stat } from "@posixly/fd";
 * import assert from "node:assert/strict";
 *
 * using file = memfd("database");
 * allocate(file, 0, 65536);
 * const { size, blocks } = stat(file);
 * assert.equal(size, 65536);
 * assert.ok(Number(blocks) * 512 >= 65536);
 * ```
 */
export function allocate(
  fd: AsFd,
  offset: number | bigint,
  length: number | bigint,
  options: AllocateOptions = {},
): void {
  fallocate(fd, bitsOf(sizes, options), offset, length);
}

/**
 * Makes a part of a file read as zeros and keeps the space for it,
 * `FALLOC_FL_ZERO_RANGE` of fallocate(2). The file grows to the end of the range if it is shorter.
 *
 * @param fd The file, open for writing
 * @param offset Where the part begins, in bytes
 * @param length How many bytes it has, at least 1
 * @param options Whether the file keeps its size
 * @throws {SyscallError} As {@linkcode allocate}; tmpfs, for one, is `EOPNOTSUPP`
 * @throws {TypeError | RangeError} If `offset` or `length` is out of range
 *
 * @example Usage
 * ```ts
 * import { memfd, zeroRange } from "@posixly/fd";
 * import assert from "node:assert/strict";
 *
 * using file = memfd("in memory"); // a tmpfs has no such thing
 * assert.throws(() => zeroRange(file, 0, 4096), { code: "EOPNOTSUPP" });
 * ```
 */
export function zeroRange(
  fd: AsFd,
  offset: number | bigint,
  length: number | bigint,
  options: AllocateOptions = {},
): void {
  fallocate(fd, FALLOC_FL_ZERO_RANGE | bitsOf(sizes, options), offset, length);
}

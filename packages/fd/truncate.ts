import { ok, requireInteger64, retry } from "@posixly/sys";
import { type AsFd, fdOf } from "./as_fd.ts";
import { libc } from "./libc.ts";

/**
 * Sets the size of a file, ftruncate(2). What lies beyond it is lost; a file that grows
 * ends in a hole, which reads as zeros. The position stays where it is.
 *
 * @param fd The file, open for writing
 * @param size The new size in bytes
 * @throws {SyscallError} `EINVAL` if it is not open for writing or has no size, as a pipe;
 * `EFBIG` if the file would be too large; `EPERM` if it is sealed against that; `EBADF` if it
 * is not open
 * @throws {TypeError | RangeError} If `size` is no whole number from 0 to 2 ** 63 - 1
 *
 * @example Usage
 * ```ts
 * import { memfd, stat, truncate } from "@posixly/fd";
 * import assert from "node:assert/strict";
 *
 * using file = memfd("example");
 * truncate(file, 4096);
 * assert.equal(stat(file).size, 4096);
 * ```
 */
export function truncate(fd: AsFd, size: number | bigint): void {
  const number = fdOf(fd);
  requireInteger64(size, "size");
  ok(retry(() => libc.ftruncate(number, size)), "ftruncate", { fd: number });
}

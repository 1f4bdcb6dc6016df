import { byteCount, type Bytes, errno, ok } from "@posixly/sys";
import { type AsFd, fdOf } from "./as_fd.ts";
import { libc } from "./libc.ts";

const { EAGAIN, EINTR } = errno;

/**
 * Writes to a descriptor, write(2).
 *
 * A short write is no error: ask {@linkcode writeAll} to write everything. An
 * interrupted call is begun again. One call moves at most 2 GiB less a page.
 *
 * @param fd Where to write to
 * @param bytes What to write
 * @returns How many bytes were written; `null` if the descriptor is non-blocking
 * and takes nothing now
 * @throws {SyscallError} `EBADF` if it is not open for writing, `EPIPE` if nobody is
 * left to read, `ENOSPC` if the device is full
 * @throws {TypeError} If `bytes` is no buffer, or a detached or resizable one
 *
 * @example Usage
 * ```ts
 * import { eventfd, read, write } from "@posixly/fd";
 * import assert from "node:assert/strict";
 *
 * using counter = eventfd();
 * assert.equal(write(counter, new BigUint64Array([7n])), 8);
 * const value = new BigUint64Array(1);
 * assert.equal(read(counter, value), 8);
 * assert.equal(value[0], 7n);
 * ```
 */
export function write(fd: AsFd, bytes: Bytes): number | null {
  const number = fdOf(fd);
  const length = byteCount(bytes, "bytes");
  let n: number;
  do n = libc.write(number, bytes, length); while (n === -EINTR);
  if (n >= 0) return n;
  return n === -EAGAIN ? null : ok(n, "write", { fd: number });
}

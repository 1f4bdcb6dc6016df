import { byteCount, type Bytes, errno, ok } from "@posixly/sys";
import { type AsFd, fdOf } from "./as_fd.ts";
import { libc } from "./libc.ts";

const { EAGAIN, EINTR } = errno;

/**
 * Reads from a descriptor, read(2).
 *
 * A short read is no error: ask {@linkcode readAll} for everything. An interrupted
 * call is begun again. One call moves at most 2 GiB less a page.
 *
 * @param fd Where to read from
 * @param into Where the bytes go, from its beginning
 * @returns How many bytes were read; 0 at the end of file, or if `into` is
 * empty; `null` if the descriptor is non-blocking and there is nothing yet
 * @throws {SyscallError} `EBADF` if it is not open for reading, `EISDIR` if it is a
 * directory, `EINVAL` if `into` is too small for an object that gives whole records
 * @throws {TypeError} If `into` is no buffer, or a detached or resizable one
 *
 * @example Usage
 * ```ts
 * import { open, read } from "@posixly/fd";
 * import assert from "node:assert/strict";
 *
 * using file = open("/proc/self/comm");
 * const buffer = new Uint8Array(64);
 * const length = read(file, buffer);
 * assert.ok(length !== null && length > 0);
 * assert.equal(read(file, buffer), 0); // the end
 * ```
 */
export function read(fd: AsFd, into: Bytes): number | null {
  const number = fdOf(fd);
  const length = byteCount(into, "into");
  let n: number;
  do n = libc.read(number, into, length); while (n === -EINTR);
  if (n >= 0) return n;
  return n === -EAGAIN ? null : ok(n, "read", { fd: number });
}

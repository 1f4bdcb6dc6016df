import { type Bytes, errno, MAX_RW_COUNT, ok, requireBytes, requireInteger64 } from "@posixly/sys";
import { type AsFd, fdOf } from "./as_fd.ts";
import { libc } from "./libc.ts";

/**
 * Reads from a place in a file, pread(2). The file's position is neither used nor moved.
 *
 * @param fd Where to read from
 * @param into Where the bytes go, from its beginning
 * @param offset Where in the file to start, in bytes
 * @returns How many bytes were read, which may be fewer than asked for; 0 at the end
 * of file or beyond, or if `into` is empty; `null` if it would block
 * @throws {SyscallError} `EBADF` if it is not open for reading, `ESPIPE` if it has no
 * positions, as a pipe, `EISDIR` if it is a directory
 * @throws {TypeError} If `into` is no buffer, or a detached or resizable one
 * @throws {RangeError} If `offset` is negative or more than 2 ** 63 - 1
 *
 * @example Usage
 * ```ts
 * import { memfd, pread, pwrite } from "@posixly/fd";
 * import assert from "node:assert/strict";
 *
 * using file = memfd("far");
 * const far = 2n ** 62n;
 * pwrite(file, new Uint8Array([1, 2, 3]), far);
 * const buffer = new Uint8Array(8);
 * assert.equal(pread(file, buffer, far + 1n), 2);
 * assert.deepEqual(buffer.subarray(0, 2), new Uint8Array([2, 3]));
 * ```
 */
export function pread(fd: AsFd, into: Bytes, offset: number | bigint): number | null {
  const number = fdOf(fd);
  const length = Math.min(requireBytes(into, "into").byteLength, MAX_RW_COUNT);
  requireInteger64(offset, "offset");
  let n: number;
  do n = libc.pread(number, into, length, offset); while (n === -errno.EINTR);
  return n === -errno.EAGAIN ? null : ok(n, "pread", { fd: number });
}

/**
 * Writes to a place in a file, pwrite(2). The file's position is neither used nor moved.
 * Beyond the end, the gap becomes a hole that reads as zeros.
 *
 * With `append`, Linux writes to the end whatever the offset.
 *
 * @param fd Where to write to
 * @param bytes What to write
 * @param offset Where in the file to start, in bytes
 * @returns How many bytes were written, which may be fewer than asked for; `null` if it
 * would block
 * @throws {SyscallError} `EBADF` if it is not open for writing, `ESPIPE` if it has no
 * positions, as a pipe, `EFBIG` if the file would be too large, `ENOSPC` if the device is full
 * @throws {TypeError} If `bytes` is no buffer, or a detached or resizable one
 * @throws {RangeError} If `offset` is negative or more than 2 ** 63 - 1
 *
 * @example Usage
 * ```ts
 * import { memfd, pwrite, stat } from "@posixly/fd";
 * import assert from "node:assert/strict";
 *
 * using file = memfd("example");
 * assert.equal(pwrite(file, new Uint8Array(4), 1000), 4);
 * assert.equal(stat(file).size, 1004);
 * ```
 */
export function pwrite(fd: AsFd, bytes: Bytes, offset: number | bigint): number | null {
  const number = fdOf(fd);
  const length = Math.min(requireBytes(bytes, "bytes").byteLength, MAX_RW_COUNT);
  requireInteger64(offset, "offset");
  let n: number;
  do n = libc.pwrite(number, bytes, length, offset); while (n === -errno.EINTR);
  return n === -errno.EAGAIN ? null : ok(n, "pwrite", { fd: number });
}

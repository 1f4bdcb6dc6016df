import { bitsOf, type Bytes, requireInteger64 } from "@posixly/sys";
import type { AsFd } from "./as_fd.ts";
import { libc, SYS_preadv2, SYS_pwritev2 } from "./libc.ts";
import { scatter } from "./scatter.ts";
import {
  readFlags,
  type VectoredReadOptions,
  type VectoredWriteOptions,
  writeFlags,
} from "./vectored.ts";

/**
 * Reads into several buffers from a place in a file, preadv2(2): {@linkcode readv} that neither
 * uses nor moves the file's position.
 *
 * @param fd Where to read from
 * @param buffers Where the bytes go
 * @param offset Where in the file to start, in bytes
 * @param options How; kernels and file systems differ in what they can do
 * @returns How many bytes were read; 0 at the end of file or beyond; `null` if it would block
 * @throws {SyscallError} As {@linkcode readv}, and `ESPIPE` if it has no positions, as a pipe
 * @throws {TypeError} If one of `buffers` is no buffer, or a detached or resizable one
 * @throws {RangeError} If `offset` is negative or more than 2 ** 63 - 1
 *
 * @example Usage
 * ```ts
 * import { memfd, preadv, write } from "@posixly/fd";
 * import assert from "node:assert/strict";
 *
 * using file = memfd("example");
 * write(file, new Uint8Array([1, 2, 3]));
 * const buffers = [new Uint8Array(1), new Uint8Array(1)];
 * assert.equal(preadv(file, buffers, 1), 2);
 * assert.deepEqual(buffers, [new Uint8Array([2]), new Uint8Array([3])]);
 * ```
 */
export function preadv(
  fd: AsFd,
  buffers: readonly Bytes[],
  offset: number | bigint,
  options: VectoredReadOptions = {},
): number | null {
  const flags = bitsOf(readFlags, options);
  requireInteger64(offset, "offset");
  return scatter(fd, buffers, flags === 0 ? "preadv" : "preadv2", (fd, vectors, count, moved) => {
    const at = after(offset, moved);
    return flags === 0
      ? libc.preadv(fd, vectors, count, at)
      : libc.syscall$preadv2(SYS_preadv2, fd, vectors, count, at, 0, flags);
  });
}

/**
 * Writes several buffers to a place in a file, pwritev2(2): {@linkcode writev} that neither
 * uses nor moves the file's position.
 *
 * @param fd Where to write to
 * @param buffers What to write
 * @param offset Where in the file to start, in bytes; with `append` it does not matter
 * @param options How; kernels and file systems differ in what they can do
 * @returns How many bytes were written; `null` if it would block
 * @throws {SyscallError} As {@linkcode writev}, and `ESPIPE` if it has no positions, as a
 * pipe, `EFBIG` if the file would be too large
 * @throws {TypeError} If one of `buffers` is no buffer, or a detached or resizable one
 * @throws {RangeError} If `offset` is negative or more than 2 ** 63 - 1
 *
 * @example Usage
 * ```ts
 * import { memfd, pwritev, stat } from "@posixly/fd";
 * import assert from "node:assert/strict";
 *
 * using file = memfd("example");
 * assert.equal(pwritev(file, [new Uint8Array(4), new Uint8Array(6)], 90), 10);
 * assert.equal(stat(file).size, 100);
 * ```
 */
export function pwritev(
  fd: AsFd,
  buffers: readonly Bytes[],
  offset: number | bigint,
  options: VectoredWriteOptions = {},
): number | null {
  const flags = bitsOf(writeFlags, options);
  requireInteger64(offset, "offset");
  return scatter(fd, buffers, flags === 0 ? "pwritev" : "pwritev2", (fd, vectors, count, moved) => {
    const at = after(offset, moved);
    return flags === 0
      ? libc.pwritev(fd, vectors, count, at)
      : libc.syscall$pwritev2(SYS_pwritev2, fd, vectors, count, at, 0, flags);
  });
}

/** Where the next call goes on. */
function after(offset: number | bigint, moved: number): number | bigint {
  return moved === 0 ? offset : BigInt(offset) + BigInt(moved);
}

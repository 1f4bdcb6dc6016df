import { bitsOf } from "@posixly/sys";
import type { Bytes } from "@posixly/sys";
import type { AsFd } from "./as_fd.ts";
import {
  libc,
  RWF_APPEND,
  RWF_DSYNC,
  RWF_HIPRI,
  RWF_NOWAIT,
  RWF_SYNC,
  SYS_preadv2,
  SYS_pwritev2,
} from "./libc.ts";
import { scatter } from "./scatter.ts";

/**
 * How one call reads, preadv2(2).
 *
 * @example Without waiting, although the descriptor may be shared and blocking
 * ```ts
 * import { eventfd, readv, type VectoredReadOptions } from "@posixly/fd";
 * import assert from "node:assert/strict";
 *
 * const now: VectoredReadOptions = { nonBlocking: true };
 * using counter = eventfd();
 * assert.equal(readv(counter, [new BigUint64Array(1)], now), null);
 * ```
 */
export interface VectoredReadOptions {
  /** Gives `null` rather than wait, whether for a disk, a lock or a peer: `RWF_NOWAIT`. */
  readonly nonBlocking?: boolean;
  /** Asks the device again and again, rather than wait for its interrupt: `RWF_HIPRI`. */
  readonly highPriority?: boolean;
}

/**
 * How one call writes, pwritev2(2).
 *
 * @example Usage
 * ```ts
 * import { memfd, type VectoredWriteOptions, writev } from "@posixly/fd";
 * import assert from "node:assert/strict";
 *
 * const commit: VectoredWriteOptions = { append: true, dataSync: true };
 * using file = memfd("journal");
 * assert.equal(writev(file, [new Uint8Array(4), new Uint8Array(8)], commit), 12);
 * ```
 */
export interface VectoredWriteOptions extends VectoredReadOptions {
  /** Writes at the end, wherever it is by then: `RWF_APPEND`. */
  readonly append?: boolean;
  /** Waits until these bytes are stored: `RWF_DSYNC`. */
  readonly dataSync?: boolean;
  /** Waits until these bytes and all about the file are stored: `RWF_SYNC`. */
  readonly sync?: boolean;
}

/** The bits of {@linkcode VectoredReadOptions}. */
export const readFlags = { nonBlocking: RWF_NOWAIT, highPriority: RWF_HIPRI };

/** The bits of {@linkcode VectoredWriteOptions}. */
export const writeFlags = { ...readFlags, append: RWF_APPEND, dataSync: RWF_DSYNC, sync: RWF_SYNC };

/** To preadv2 and pwritev2: where the file's position is. */
const HERE = -1;

/**
 * Reads into several buffers, one after the other, readv(2). An empty buffer is passed over.
 *
 * The kernel takes 1024 buffers and 2 GiB less a page at once. More buffers are more calls, up
 * to the first that comes back short; so are the parts of one message torn apart.
 *
 * @param fd Where to read from
 * @param buffers Where the bytes go
 * @param options How; kernels and file systems differ in what they can do
 * @returns How many bytes were read; 0 at the end of file; `null` if it would block
 * @throws {SyscallError} `EBADF` if it is not open for reading, `EISDIR` if it is a
 * directory, `EOPNOTSUPP` if an option cannot be had here
 * @throws {TypeError} If one of `buffers` is no buffer, or a detached or resizable one
 *
 * @example Usage
 * ```ts
 * import { memfd, readv, seek, write } from "@posixly/fd";
 * import assert from "node:assert/strict";
 *
 * using file = memfd("example");
 * write(file, new Uint8Array([1, 2, 3]));
 * seek(file, 0);
 * const head = new Uint8Array(1);
 * const rest = new Uint8Array(8);
 * assert.equal(readv(file, [head, rest]), 3);
 * assert.deepEqual([head[0], rest[0], rest[1]], [1, 2, 3]);
 * ```
 */
export function readv(
  fd: AsFd,
  buffers: readonly Bytes[],
  options: VectoredReadOptions = {},
): number | null {
  const flags = bitsOf(readFlags, options);
  if (flags === 0) return scatter(fd, buffers, "readv", libc.readv);
  return scatter(fd, buffers, "preadv2", (fd, vectors, count) => (
    libc.syscall$preadv2(SYS_preadv2, fd, vectors, count, HERE, 0, flags)
  ));
}

/**
 * Writes several buffers, one after the other, writev(2). An empty buffer is passed over.
 *
 * The kernel takes 1024 buffers and 2 GiB less a page at once. More buffers are more calls, up
 * to the first that comes back short; so are the parts of one message torn apart.
 * Ask {@linkcode writevAll} to write everything.
 *
 * @param fd Where to write to
 * @param buffers What to write
 * @param options How; kernels and file systems differ in what they can do
 * @returns How many bytes were written; `null` if it would block
 * @throws {SyscallError} `EBADF` if it is not open for writing, `EPIPE` if nobody is left to
 * read, `ENOSPC` if the device is full, `EOPNOTSUPP` if an option cannot be had here
 * @throws {TypeError} If one of `buffers` is no buffer, or a detached or resizable one
 *
 * @example Usage
 * ```ts
 * import { memfd, stat, writev } from "@posixly/fd";
 * import assert from "node:assert/strict";
 *
 * using file = memfd("example");
 * const encoder = new TextEncoder();
 * assert.equal(writev(file, [encoder.encode("header"), encoder.encode("body")]), 10);
 * assert.equal(stat(file).size, 10);
 * ```
 */
export function writev(
  fd: AsFd,
  buffers: readonly Bytes[],
  options: VectoredWriteOptions = {},
): number | null {
  const flags = bitsOf(writeFlags, options);
  if (flags === 0) return scatter(fd, buffers, "writev", libc.writev);
  return scatter(fd, buffers, "pwritev2", (fd, vectors, count) => (
    libc.syscall$pwritev2(SYS_pwritev2, fd, vectors, count, HERE, 0, flags)
  ));
}

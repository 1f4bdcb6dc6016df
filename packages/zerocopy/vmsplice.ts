import { type AsFd, fdOf } from "@posixly/fd";
import { addressOf, bitsOf, type Bytes, errno, ok, requireBoolean } from "@posixly/sys";
import { IOV_MAX, iovec, libc, SPLICE_F_GIFT, SPLICE_F_NONBLOCK } from "./libc.ts";
import { requirePages } from "./pages.ts";

/**
 * How memory is lent to a pipe, see {@linkcode vmsplice}.
 *
 * @example Usage
 * ```ts
 * import { pipe } from "@posixly/pipe";
 * import { pages, vmsplice, type VmspliceOptions } from "@posixly/zerocopy";
 * import assert from "node:assert/strict";
 *
 * const forGood: VmspliceOptions = { gift: true };
 * using ends = pipe();
 * assert.equal(vmsplice(ends.writer, [pages(4096)], forGood), 4096);
 * ```
 */
export interface VmspliceOptions {
  /**
   * Whether the pages are given away for good, so that the kernel may make them part of a file:
   * `SPLICE_F_GIFT`. Never write to them again; whole pages only.
   */
  readonly gift?: boolean;
  /**
   * Whether a pipe that is full gives `null` rather than stop the whole thread:
   * `SPLICE_F_NONBLOCK`, by default `true`. An end that does not block itself never does.
   */
  readonly nonBlocking?: boolean;
}

const flags = { gift: SPLICE_F_GIFT };

/** The option that is no flag. */
const others = ["nonBlocking"];

/** The array of `struct iovec`, used again by every call: no two are ever under way. */
const vectors = new Uint8Array(IOV_MAX * iovec.size);
const view = new DataView(vectors.buffer);

/**
 * Lends memory to a pipe, vmsplice(2): its reader gets the pages themselves and not a copy.
 *
 * **The bytes must not change until the reader has read all of them**, or it reads what they have
 * become; and where they go on by `splice` or `tee`, until those readers have. Nobody says when
 * that is. Two buffers in turn are safe, each as large as the pipe: when the second
 * is in the pipe as a whole, nothing of the first is in it any more.
 *
 * Only memory of {@linkcode pages} will do, which is safe to forget at any time.
 *
 * @param pipe The pipe, by the end that is written
 * @param buffers The memory, at most the first 1024 buffers
 * @param options How
 * @returns How many bytes are in the pipe now, which may be fewer than there are; `null` if it is
 * full
 * @throws {SyscallError} `EBADF` if it is no pipe; `EPIPE` if nobody is left to read; `EINVAL` if a
 * gift is not made of whole pages
 * @throws {TypeError} If `buffers` is no array, one of them is not of {@linkcode pages}, or an option
 * is not as described
 *
 * @example Usage
 * ```ts
 * import { read } from "@posixly/fd";
 * import { pipe } from "@posixly/pipe";
 * import { pages, vmsplice } from "@posixly/zerocopy";
 * import assert from "node:assert/strict";
 *
 * const bytes = pages(8192);
 * bytes.fill(1);
 * using ends = pipe();
 * assert.equal(vmsplice(ends.writer, [bytes]), 8192);
 *
 * bytes.fill(2); // too early: nobody has read them yet
 * const buffer = new Uint8Array(8192);
 * assert.equal(read(ends.reader, buffer), 8192);
 * assert.deepEqual(buffer, bytes);
 * ```
 */
export function vmsplice(
  pipe: AsFd,
  buffers: readonly Bytes[],
  options: VmspliceOptions = {},
): number | null {
  const { nonBlocking = true, ...named } = options;
  requireBoolean(nonBlocking, "nonBlocking");
  const how = bitsOf(flags, named, others) | (nonBlocking ? SPLICE_F_NONBLOCK : 0);
  const fd = fdOf(pipe, "pipe");
  const count = fillVectors(buffers);
  let n: number;
  do n = libc.vmsplice(fd, vectors, count, how); while (n === -errno.EINTR);
  return n === -errno.EAGAIN ? null : ok(n, "vmsplice", { fd });
}

/** Fills the array of `struct iovec` and tells how many there are. */
function fillVectors(buffers: readonly Bytes[]): number {
  if (!Array.isArray(buffers)) throw new TypeError("buffers must be an array");
  let count = 0;
  for (const bytes of buffers as readonly Bytes[]) {
    const address = addressOf(bytes);
    requirePages(bytes);
    if (bytes.byteLength === 0 || count === IOV_MAX) continue;
    const vector = iovec.look(view, count++ * iovec.size);
    vector.iov_base = address;
    vector.iov_len = bytes.byteLength;
  }
  return count;
}

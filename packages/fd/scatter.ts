import { addressOf, type Bytes, errno, ok, requireBytes } from "@posixly/sys";
import { type AsFd, fdOf } from "./as_fd.ts";
import { IOV_MAX, iovec } from "./libc.ts";

/** One call: a descriptor, an array of `struct iovec` and its length, and what was moved so far. */
type Call = (fd: number, vectors: Bytes, count: number, moved: number) => number;

/** The array of `struct iovec`, used again by every call: no two are ever under way. */
const vectors = new Uint8Array(IOV_MAX * iovec.size);
const view = new DataView(vectors.buffer);

/**
 * Moves bytes between a descriptor and many buffers, in as few calls as there may be. What was
 * moved counts: an error or a full pipe after the first call is left for the next one to meet.
 */
export function scatter(
  fd: AsFd,
  buffers: readonly Bytes[],
  syscall: string,
  call: Call,
): number | null {
  const number = fdOf(fd);
  if (!Array.isArray(buffers)) throw new TypeError("buffers must be an array");
  // Up to so many are checked below, by addressOf; more must be before the first call.
  if (buffers.length > IOV_MAX) { for (const bytes of buffers) requireBytes(bytes, "bytes"); }

  let moved = 0;
  let next = 0;
  do {
    let count = 0;
    let length = 0;
    while (next < buffers.length && count < IOV_MAX) {
      const bytes: Bytes = buffers[next++];
      const address = addressOf(bytes);
      if (bytes.byteLength === 0) continue;
      const vector = iovec.look(view, count++ * iovec.size);
      vector.iov_base = address;
      vector.iov_len = bytes.byteLength;
      length += bytes.byteLength;
    }
    if (count === 0 && moved > 0) break; // what is left is empty
    lent.buffers = buffers;
    let n: number;
    do n = call(number, vectors, count, moved); while (n === -errno.EINTR);
    lent.buffers = none;
    if (n < 0 && moved > 0) break;
    if (n === -errno.EAGAIN) return null;
    moved += ok(n, syscall, { fd: number });
    if (n < length) break;
  } while (next < buffers.length);
  return moved;
}

/** What the kernel has addresses of: while it is reachable, the garbage collector lets it be. */
const none: readonly Bytes[] = [];
const lent = { buffers: none };

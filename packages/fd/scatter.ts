import { addressOf, type Bytes, errno, ok, requireBytes } from "@posixly/sys";
import { type AsFd, fdOf } from "./as_fd.ts";
import { IOV_MAX, iovec } from "./libc.ts";
import { retry } from "./retry.ts";

/** One call: a descriptor, an array of `struct iovec` and its length, and what was moved so far. */
type Call = (fd: number, vectors: Bytes, count: number, moved: number) => number;

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
  const filled = filledOf(buffers);
  let moved = 0;
  let from = 0;
  do {
    const batch = filled.slice(from, from + IOV_MAX);
    const n = lend(batch, (vectors) => call(number, vectors, batch.length, moved));
    if (n < 0 && moved > 0) break;
    if (n === -errno.EAGAIN) return null;
    moved += ok(n, syscall, { fd: number });
    if (n < lengthOf(batch)) break;
    from += IOV_MAX;
  } while (from < filled.length);
  return moved;
}

function filledOf(buffers: readonly Bytes[]): Bytes[] {
  if (!Array.isArray(buffers)) throw new TypeError("buffers must be an array");
  return buffers.filter((bytes, i) => requireBytes(bytes, `buffers[${i}]`).byteLength > 0);
}

function lengthOf(buffers: readonly Bytes[]): number {
  return buffers.reduce((sum, { byteLength }) => sum + byteLength, 0);
}

/** What the kernel has addresses of. Held here, the garbage collector cannot free it meanwhile. */
const lent = new Set<readonly Bytes[]>();

function lend(buffers: readonly Bytes[], call: (vectors: Bytes) => number): number {
  const vectors = new Uint8Array(buffers.length * iovec.size);
  buffers.forEach((bytes, i) => {
    const vector = iovec.view(vectors, i * iovec.size);
    vector.iov_base = addressOf(bytes);
    vector.iov_len = bytes.byteLength;
  });
  lent.add(buffers);
  const n = retry(() => call(vectors));
  lent.delete(buffers);
  return n;
}

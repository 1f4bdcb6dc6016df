import type { Bytes } from "@posixly/sys";

/** Buffers of pages that belong to nobody else, ever. */
const lendable = new WeakSet<ArrayBufferLike>();

/** Notes that nobody else is given the memory of a buffer while the kernel may still read it. */
export function markLendable(buffer: ArrayBufferLike): void {
  lendable.add(buffer);
}

/** Whether memory can be lent to the kernel for longer than a call, whatever becomes of the buffer. */
export function isLendable(bytes: Bytes): boolean {
  return lendable.has(bytes.buffer);
}

import { requireInteger } from "@posixly/sys";
import { markLendable } from "./lendable.ts";

/** How WebAssembly counts. */
const UNIT = 65_536;

/** Both runtimes have it, and their common types do not tell. */
declare const WebAssembly: {
  readonly Memory: new (size: { initial: number; maximum: number }) => {
    readonly buffer: ArrayBuffer;
  };
};

/** The memory that was handed out. */
const own = new WeakSet<ArrayBufferLike>();

/**
 * Memory of whole pages for {@linkcode vmsplice} and {@linkcode zerocopySender}, filled with zeros.
 *
 * A pipe or socket that was lent ordinary memory shows its reader what becomes of that memory: once
 * the buffer is collected, what the program stores there next, such as somebody's password. These
 * pages belong to nobody else, ever: they cannot be transferred, and when the buffer is collected
 * the kernel has them back, which keeps them as they are until the last reader is done.
 *
 * @param length How many bytes, from 1 to 4 GiB
 * @returns The memory, which begins at the start of a page. It is reserved in steps of 64 KiB, with
 * much address space around it: have a few large ones rather than many small ones
 * @throws {TypeError | RangeError} If `length` is not as described, or there is no more memory
 *
 * @example Usage
 * ```ts
 * import { pages } from "@posixly/zerocopy";
 * import assert from "node:assert/strict";
 *
 * const bytes = pages(100_000);
 * assert.equal(bytes.length, 100_000);
 * ```
 */
export function pages(length: number): Uint8Array<ArrayBuffer> {
  requireInteger(length, "length", 1, 2 ** 32);
  const units = Math.ceil(length / UNIT);
  const { buffer } = new WebAssembly.Memory({ initial: units, maximum: units });
  own.add(buffer);
  markLendable(buffer);
  return new Uint8Array(buffer, 0, length);
}

/** Checks that memory came from {@linkcode pages}. */
export function requirePages(bytes: ArrayBufferView): void {
  if (own.has(bytes.buffer)) return;
  throw new TypeError(
    "Only memory of pages() can be lent to a pipe: other memory may be used again",
  );
}

import { requireInteger, requireInteger64 } from "./arguments.ts";
import { libc } from "./libc.ts";
import type { Address } from "./types.ts";

/** The last address there is. */
const LAST = 2n ** 64n - 1n;

/**
 * A copy of memory that JavaScript does not own, memcpy(3). Nothing is checked: where there is no
 * memory, it is a crash.
 *
 * For a few bytes it is the better way than {@linkcode memory}: nothing can outlive what it looks
 * at, and a Worker of Node may be terminated meanwhile.
 *
 * @param address Where the memory starts; not NULL
 * @param length How many bytes to copy
 * @returns The bytes
 * @throws {RangeError} If the address is NULL, or the length negative or more than a buffer of
 * this runtime may have
 *
 * @example Usage
 * ```ts
 * import { addressOf, copyMemory } from "@posixly/sys";
 * import assert from "node:assert/strict";
 *
 * const bytes = new Uint8Array([1, 2, 3]);
 * const copy = copyMemory(addressOf(bytes), 2);
 * bytes[0] = 9;
 * assert.deepEqual(copy, new Uint8Array([1, 2]));
 * ```
 */
export function copyMemory(address: Address, length: number): Uint8Array<ArrayBuffer> {
  requireInteger64(address, "address", 1n, LAST);
  const copy = new Uint8Array(requireInteger(length, "length", 0, Number.MAX_SAFE_INTEGER));
  if (length > 0) libc.memcpy(copy, address, length);
  return copy;
}

/**
 * A copy of the C string at an address, strlen(3): its bytes, without the NUL. Nothing is checked:
 * where there is none, it is a crash.
 *
 * @param address Where it starts; not NULL
 * @returns The bytes; {@linkcode fromCString} makes text of them
 * @throws {RangeError} If the address is NULL
 *
 * @example Usage
 * ```ts
 * import { addressOf, copyCString, cstring, fromCString } from "@posixly/sys";
 * import assert from "node:assert/strict";
 *
 * const text = cstring("hello");
 * assert.equal(fromCString(copyCString(addressOf(text))), "hello");
 * ```
 */
export function copyCString(address: Address): Uint8Array<ArrayBuffer> {
  requireInteger64(address, "address", 1n, LAST);
  return copyMemory(address, Number(libc.strlen(address)));
}

import { ffi } from "#ffi";
import { type Bytes, requireBytes, requireInteger, requireInteger64 } from "./arguments.ts";
import { requireSupportedPlatform } from "./platform.ts";
import type { Address } from "./types.ts";

/** Where each buffer starts. A buffer never moves once its address was taken. */
const bases = new WeakMap<ArrayBufferLike, Address>();

/**
 * Where the first byte of a buffer lives, for an `iovec` or any other struct that
 * points to it. The address holds for as long as the buffer is reachable: whoever
 * hands it to the kernel keeps a reference until the kernel is done.
 *
 * @param bytes A typed array or `DataView` with a buffer of fixed length
 * @returns Its address
 * @throws {TypeError} If the buffer is detached or resizable
 *
 * @example Usage
 * ```ts
 * import { addressAfter, addressOf } from "@posixly/sys";
 * import assert from "node:assert/strict";
 *
 * const bytes = new Uint8Array(16);
 * assert.equal(addressOf(bytes.subarray(4)), addressAfter(addressOf(bytes), 4));
 * ```
 */
export function addressOf(bytes: Bytes): Address {
  // Asking for `.buffer` moves a small typed array off the heap, for good.
  const { buffer, byteOffset } = requireBytes(bytes, "bytes");
  let base = bases.get(buffer);
  if (base === undefined) {
    requireSupportedPlatform();
    bases.set(buffer, base = ffi.address(buffer));
  }
  return byteOffset === 0 ? base : addressAfter(base, byteOffset);
}

/** The last address there is. */
const LAST = 2n ** 64n - 1n;

/**
 * The address some bytes further on.
 *
 * @param address Where to start
 * @param bytes How many bytes further; may be negative
 * @returns The address there
 *
 * @example Usage
 * ```ts
 * import { addressAfter, addressOf } from "@posixly/sys";
 * import assert from "node:assert/strict";
 *
 * const start = addressOf(new Uint8Array(8));
 * assert.equal(addressAfter(addressAfter(start, 8), -8), start);
 * ```
 */
export function addressAfter(address: Address, bytes: number): Address {
  return (typeof address === "bigint" ? address + BigInt(bytes) : address + bytes) as Address;
}

/**
 * The address that a struct or a call gave as a number.
 *
 * @param value The address as a 64-bit number
 * @returns The same, as an {@linkcode Address} of this runtime
 * @throws {TypeError | RangeError} If it is no such number
 *
 * @example NULL
 * ```ts
 * import { toAddress } from "@posixly/sys";
 * import assert from "node:assert/strict";
 *
 * assert.equal(Number(toAddress(0)), 0);
 * ```
 */
export function toAddress(value: number | bigint): Address {
  requireInteger64(value, "value", 0n, LAST);
  return ffi.toAddress(value);
}

/**
 * A view of memory that JavaScript does not own, such as a mapping. Nothing is
 * copied, and nothing is checked: a view that outlives its memory is a crash.
 *
 * @param address Where the memory starts; not NULL
 * @param length How many bytes it has
 * @returns The memory as an `ArrayBuffer`
 * @throws {RangeError} If the address is NULL, or the length negative or more than a buffer of
 * this runtime may have
 *
 * @example Usage
 * ```ts
 * import { addressOf, memory } from "@posixly/sys";
 * import assert from "node:assert/strict";
 *
 * const bytes = new Uint8Array([1, 2, 3]);
 * assert.deepEqual(new Uint8Array(memory(addressOf(bytes), 3)), bytes);
 * ```
 */
export function memory(address: Address, length: number): ArrayBuffer {
  requireInteger64(address, "address", 1n, LAST);
  requireInteger(length, "length", 0, Number.MAX_SAFE_INTEGER);
  requireSupportedPlatform();
  return ffi.memory(address, length);
}

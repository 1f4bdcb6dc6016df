import { backend } from "#backend";
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
    bases.set(buffer, base = backend.address(buffer));
  }
  return byteOffset === 0 ? base : addressAfter(base, byteOffset);
}

/** The last address there is. */
const LAST = 2n ** 64n - 1n;

/** Up to what length a buffer's address is worth learning: beyond, copying is what costs. */
const SMALL = 65536;

/** Addresses of views that were used twice in a row. */
const learnt = new WeakMap<Bytes, Address>();

/** The small view that was used last, and its address if it was learnt. */
let last: Bytes = new Uint8Array();
let lastAddress: Address | undefined;

/**
 * The address of a small buffer that is used again and again, which crosses to C
 * faster than the buffer does. It is checked when it is learnt, so a caller that
 * gets an address need not check the buffer.
 *
 * A caller calls {@linkcode keepAlive} after the call it uses the address for.
 *
 * @param bytes The buffer, not checked yet
 * @returns Its address, or `undefined`: check the buffer, and pass it as it is
 *
 * @example Usage
 * ```ts
 * import { addressOf, keepAlive, learntAddress } from "@posixly/sys";
 * import assert from "node:assert/strict";
 *
 * const bytes = new Uint8Array(8);
 * assert.equal(learntAddress(bytes), undefined);
 * keepAlive(bytes);
 * assert.equal(learntAddress(bytes), addressOf(bytes));
 * ```
 */
export function learntAddress(bytes: Bytes): Address | undefined {
  if (bytes === last) return bytes.byteLength > 0 ? lastAddress ??= learn(bytes) : undefined;
  const address = learnt.get(bytes);
  return address !== undefined && bytes.byteLength > 0 ? address : undefined;
}

function learn(bytes: Bytes): Address {
  const address = addressOf(bytes);
  learnt.set(bytes, address);
  return address;
}

/**
 * Says that a buffer was still in use. Without a use after the call, the optimizing
 * compiler may let the garbage collector have a buffer of which the call has but
 * the address.
 *
 * @param bytes The buffer whose address was passed
 *
 * @example Usage
 * ```ts
 * import { keepAlive } from "@posixly/sys";
 *
 * const bytes = new Uint8Array(8);
 * // A call with the address of `bytes` goes here.
 * keepAlive(bytes);
 * ```
 */
export function keepAlive(bytes: Bytes): void {
  if (bytes === last || bytes.byteLength > SMALL) return;
  last = bytes;
  lastAddress = learnt.get(bytes);
}

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
  return backend.toAddress(value);
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
  return backend.memory(address, length);
}

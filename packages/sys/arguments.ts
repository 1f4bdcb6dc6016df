/**
 * The bytes a call reads or fills: any typed array or `DataView`.
 *
 * @example Usage
 * ```ts
 * import type { Bytes } from "@posixly/sys";
 *
 * const buffer: Bytes = new Uint8Array(4096);
 * ```
 */
export type Bytes = ArrayBufferView;

/**
 * The most bytes that the kernel moves in one call, a page less than 2 GiB,
 * see read(2).
 *
 * @example Usage
 * ```ts
 * import { MAX_RW_COUNT } from "@posixly/sys";
 * import assert from "node:assert/strict";
 *
 * assert.equal(MAX_RW_COUNT, 2 ** 31 - 4096);
 * ```
 */
export const MAX_RW_COUNT = 0x7fff_f000;

/**
 * Checks an argument that must be a whole number. The native layer of Node wraps
 * numbers that are too large without a word, so every count, flag and
 * descriptor goes through here first.
 *
 * @param value What the caller passed
 * @param name What the caller calls it, for the error
 * @param min The least it may be; by default 0
 * @param max The most it may be
 * @returns `value`
 * @throws {TypeError} If it is not a whole number
 * @throws {RangeError} If it is out of range
 *
 * @example Usage
 * ```ts
 * import { requireInteger } from "@posixly/sys";
 * import assert from "node:assert/strict";
 *
 * assert.equal(requireInteger(8, "length"), 8);
 * assert.throws(() => requireInteger(-1, "length"), {
 *   name: "RangeError",
 *   message: "length must be between 0 and 2147483647, not -1",
 * });
 * ```
 */
export function requireInteger(
  value: number,
  name: string,
  min = 0,
  max = 0x7fff_ffff,
): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw notInRange(value, name, min, max);
}

/** Apart, since V8 inlines only what is short, and the check is made on every call. */
function notInRange(value: number, name: string, min: number, max: number): Error {
  if (
    typeof value !== "number" || (!Number.isInteger(value) && Number.isFinite(value)) ||
    Number.isNaN(value)
  ) {
    return new TypeError(`${name} must be a whole number, not ${show(value)}`);
  }
  return new RangeError(`${name} must be between ${min} and ${max}, not ${value}`);
}

/**
 * Checks a 64-bit argument, such as a file offset: a whole number that
 * JavaScript holds exactly, or a bigint.
 *
 * @param value What the caller passed
 * @param name What the caller calls it, for the error
 * @param min The least it may be; by default 0
 * @param max The most it may be; by default the largest `off_t`
 * @returns `value`
 * @throws {TypeError} If it is neither a whole number nor a bigint
 * @throws {RangeError} If it is out of range, or a number that was rounded already
 *
 * @example Usage
 * ```ts
 * import { requireInteger64 } from "@posixly/sys";
 * import assert from "node:assert/strict";
 *
 * assert.equal(requireInteger64(2n ** 62n, "offset"), 2n ** 62n);
 * assert.throws(() => requireInteger64(2 ** 62, "offset"), RangeError);
 * ```
 */
export function requireInteger64(
  value: number | bigint,
  name: string,
  min?: bigint,
  max?: bigint,
): number | bigint {
  // To compare with a BigInt takes longer than most calls, and mostly it is a number from 0 on.
  const isPlain = min === undefined && max === undefined;
  if (isPlain && Number.isSafeInteger(value) && value as number >= 0) return value;
  return requireWide(value, name, min ?? 0n, max ?? LARGEST);
}

const LARGEST = 0x7fff_ffff_ffff_ffffn;

function requireWide(
  value: number | bigint,
  name: string,
  min: bigint,
  max: bigint,
): number | bigint {
  if (typeof value === "number") {
    if (!Number.isSafeInteger(value)) {
      if (Number.isInteger(value) || Math.abs(value) === Infinity) {
        throw new RangeError(`${name} must be a bigint beyond 2 ** 53, not ${value}`);
      }
      throw new TypeError(`${name} must be a whole number or a bigint, not ${value}`);
    }
  } else if (typeof value !== "bigint") {
    throw new TypeError(`${name} must be a whole number or a bigint, not ${show(value)}`);
  }
  if (value < min || value > max) {
    throw new RangeError(`${name} must be between ${min} and ${max}, not ${value}`);
  }
  return value;
}

/**
 * Checks that an argument is a buffer the kernel may use: a typed array or
 * `DataView` that is neither detached nor resizable.
 *
 * @param value What the caller passed
 * @param name What the caller calls it, for the error
 * @returns `value`
 * @throws {TypeError} If it is no such buffer
 *
 * @example Usage
 * ```ts
 * import { requireBytes } from "@posixly/sys";
 * import assert from "node:assert/strict";
 *
 * const bytes = new Uint8Array(4);
 * assert.equal(requireBytes(bytes, "buffer"), bytes);
 *
 * structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
 * assert.throws(() => requireBytes(bytes, "buffer"), { message: "buffer is detached" });
 * ```
 */
export function requireBytes<B extends Bytes>(value: B, name: string): B {
  if (!ArrayBuffer.isView(value)) {
    throw new TypeError(`${name} must be a typed array or DataView, not ${show(value)}`);
  }
  const buffer: { byteLength: number; resizable?: boolean; growable?: boolean } = value.buffer;
  if (buffer.resizable === true || buffer.growable === true) {
    throw new TypeError(`${name} must have a buffer of fixed length, not a resizable one`);
  }
  if (buffer.byteLength === 0 && isDetached(value.buffer)) {
    throw new TypeError(`${name} is detached`);
  }
  return value;
}

/** The buffer that was counted last; a long one is not held on to. */
const none = new Uint8Array(0);
let counted: Bytes = none;
let count = 0;
const LONGEST = 65536;

/**
 * How many bytes one call may move to or from a buffer, which is checked as {@linkcode requireBytes}
 * does. Asked about the same buffer again, as in a loop, the answer costs next to nothing.
 *
 * @param bytes What the caller passed
 * @param name What the caller calls it, for the error
 * @returns Its length in bytes, but {@linkcode MAX_RW_COUNT} at most
 * @throws {TypeError} If it is no such buffer
 *
 * @example Usage
 * ```ts
 * import { byteCount } from "@posixly/sys";
 * import assert from "node:assert/strict";
 *
 * assert.equal(byteCount(new Uint16Array(4), "buffer"), 8);
 * ```
 */
export function byteCount(bytes: Bytes, name: string): number {
  // Without a length it was detached since, or is a `DataView`: that is checked again.
  if (bytes === counted && (bytes as Uint8Array).length > 0) return count;
  return countAnew(bytes, name);
}

function countAnew(bytes: Bytes, name: string): number {
  count = Math.min(requireBytes(bytes, name).byteLength, MAX_RW_COUNT);
  counted = count <= LONGEST ? bytes : none;
  return count;
}

/** Node 20 has no `ArrayBuffer.prototype.detached`; making a view tells as well. */
function isDetached(buffer: ArrayBufferLike): boolean {
  try {
    new Uint8Array(buffer);
    return false;
  } catch {
    return true;
  }
}

/**
 * A value as an error message shows it: text in quotes, an object by what it is one of.
 *
 * @param value Any value
 * @returns A few words
 *
 * @example Usage
 * ```ts
 * import { show } from "@posixly/sys";
 * import assert from "node:assert/strict";
 *
 * assert.equal(show("5"), '"5"');
 * assert.equal(show(new Map()), "Map");
 * assert.equal(show(Object.create(null)), "an object");
 * ```
 */
export function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "object" && value !== null) {
    return value.constructor?.name || "an object";
  }
  if (typeof value === "function") return "a function";
  return String(value);
}

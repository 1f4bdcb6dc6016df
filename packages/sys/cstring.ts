import { type Bytes, requireBytes, show } from "./arguments.ts";

const encoder = new TextEncoder();
/** A byte order mark is a part of a name like any other. */
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * A C string: the text in UTF-8, then a NUL. Bytes are taken as they are, for
 * names that are not UTF-8.
 *
 * @param text The text, or its bytes without the NUL
 * @param name What the caller calls it, for the error
 * @returns The bytes with the NUL at the end
 * @throws {TypeError} If it is no text, holds a NUL, or half of a surrogate pair
 *
 * @example Usage
 * ```ts
 * import { cstring } from "@posixly/sys";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(cstring("é"), new Uint8Array([0xc3, 0xa9, 0]));
 * assert.throws(() => cstring("a\0b"), TypeError);
 * ```
 */
export function cstring(text: string | Uint8Array, name = "text"): Uint8Array<ArrayBuffer> {
  const bytes = typeof text === "string" ? encode(text, name) : copy(text, name);
  if (bytes.indexOf(0) !== bytes.length - 1) {
    throw new TypeError(`${name} must not contain a NUL, but is ${show(text)}`);
  }
  return bytes;
}

function encode(text: string, name: string): Uint8Array<ArrayBuffer> {
  if (!text.isWellFormed()) {
    throw new TypeError(`${name} must be well-formed Unicode, but is ${show(text)}`);
  }
  return new Uint8Array(encoder.encode(text + "\0"));
}

function copy(bytes: Uint8Array, name: string): Uint8Array<ArrayBuffer> {
  if (!(bytes instanceof Uint8Array)) {
    throw new TypeError(`${name} must be a string or a Uint8Array, not ${show(bytes)}`);
  }
  const terminated = new Uint8Array(requireBytes(bytes, name).length + 1);
  terminated.set(bytes);
  return terminated;
}

/**
 * The text of a C string: the bytes up to the first NUL, or all of them.
 *
 * @param bytes Where the string starts
 * @returns The text; bytes that are not UTF-8 become U+FFFD
 * @throws {TypeError} If `bytes` is no typed array or `DataView`
 *
 * @example Usage
 * ```ts
 * import { fromCString } from "@posixly/sys";
 * import assert from "node:assert/strict";
 *
 * assert.equal(fromCString(new Uint8Array([0x68, 0x69, 0, 0xff])), "hi");
 * ```
 */
export function fromCString(bytes: Bytes): string {
  if (!ArrayBuffer.isView(bytes)) {
    throw new TypeError(`bytes must be a typed array or DataView, not ${show(bytes)}`);
  }
  const all = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = all.indexOf(0);
  return decoder.decode(all.slice(0, end === -1 ? all.length : end));
}

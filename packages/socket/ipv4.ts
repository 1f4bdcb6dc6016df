import { requireLength } from "./require_length.ts";

// Pure: no native code is needed to read or print an address.

const DOT = 0x2e;
const ZERO = 0x30;

/**
 * The bytes of an IPv4 address, inet_pton(3): exactly four decimal numbers, none with a leading
 * zero, which others read as octal.
 *
 * @param text Such as `127.0.0.1`
 * @returns The four bytes, or `null` if the text is no such address
 *
 * @example Usage
 * ```ts
 * import { parseIpv4 } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(parseIpv4("127.0.0.1"), new Uint8Array([127, 0, 0, 1]));
 * assert.equal(parseIpv4("127.1"), null);
 * assert.equal(parseIpv4("010.0.0.1"), null);
 * ```
 */
export function parseIpv4(text: string): Uint8Array<ArrayBuffer> | null {
  const bytes = new Uint8Array(4);
  return writeIpv4(text, bytes, 0) ? bytes : null;
}

/**
 * The text of an IPv4 address, inet_ntop(3).
 *
 * @param bytes Its four bytes
 * @returns Such as `127.0.0.1`
 * @throws {TypeError | RangeError} If it is not four bytes
 *
 * @example Usage
 * ```ts
 * import { formatIpv4 } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * assert.equal(formatIpv4(new Uint8Array([127, 0, 0, 1])), "127.0.0.1");
 * ```
 */
export function formatIpv4(bytes: Uint8Array): string {
  return readIpv4(requireLength(bytes, 4), 0);
}

/** Writes the bytes of the address that is the text from `start`; false if that is none. */
export function writeIpv4(text: string, into: Uint8Array, at: number, start = 0): boolean {
  let parts = 0;
  let part = -1; // no digit yet
  for (let i = start; i <= text.length; i++) {
    const code = text.charCodeAt(i); // NaN at the end
    const digit = code - ZERO;
    if (digit >= 0 && digit <= 9) {
      if (part === 0) return false;
      part = part === -1 ? digit : part * 10 + digit;
      if (part > 255) return false;
    } else {
      if (part === -1 || parts === 4 || (i < text.length && code !== DOT)) return false;
      into[at + parts++] = part;
      part = -1;
    }
  }
  return parts === 4;
}

/** The text of the address that lies at `at`. */
export function readIpv4(bytes: Uint8Array, at: number): string {
  return `${bytes[at]}.${bytes[at + 1]}.${bytes[at + 2]}.${bytes[at + 3]}`;
}

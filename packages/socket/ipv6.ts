import { get16be } from "./byte_order.ts";
import { readIpv4, writeIpv4 } from "./ipv4.ts";
import { requireLength } from "./require_length.ts";

// Pure: no native code is needed to read or print an address.

const DOT = 0x2e;
const COLON = 0x3a;
const SIZE = 16;
const GROUPS = 8;

/**
 * The bytes of an IPv6 address, inet_pton(3): eight groups of up to four hexadecimal digits, of
 * which one run may be `::`, and the last two may be an IPv4 address.
 *
 * @param text Such as `2001:db8::1` or `::ffff:127.0.0.1`, without brackets or `%`
 * @returns The 16 bytes, or `null` if the text is no such address
 *
 * @example Usage
 * ```ts
 * import { parseIpv6 } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * assert.equal(parseIpv6("::1")?.at(-1), 1);
 * assert.equal(parseIpv6("1::2::3"), null);
 * assert.equal(parseIpv6("fe80::1%eth0"), null);
 * ```
 */
export function parseIpv6(text: string): Uint8Array<ArrayBuffer> | null {
  const bytes = new Uint8Array(SIZE);
  return writeIpv6(text, bytes, 0) ? bytes : null;
}

/**
 * The text of an IPv6 address, inet_ntop(3), as RFC 5952 wants it: in lower case, no leading
 * zeros, and the first of the longest runs of zeros as `::`. An address that holds one of IPv4 in
 * its last four bytes shows that.
 *
 * @param bytes Its 16 bytes
 * @returns Such as `2001:db8::1`
 * @throws {TypeError | RangeError} If it is not 16 bytes
 *
 * @example Usage
 * ```ts
 * import { formatIpv6, parseIpv6 } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * const canonical = (text: string) => formatIpv6(parseIpv6(text)!);
 * assert.equal(canonical("2001:0DB8:0:0:1:0:0:0"), "2001:db8:0:0:1::");
 * assert.equal(canonical("::ffff:7f00:1"), "::ffff:127.0.0.1");
 * ```
 */
export function formatIpv6(bytes: Uint8Array): string {
  return readIpv6(requireLength(bytes, SIZE), 0);
}

/** Writes the bytes of the address that is the text; false if that is none. */
export function writeIpv6(text: string, into: Uint8Array, at: number): boolean {
  let filled = 0;
  let gap = text.startsWith("::") ? 0 : -1; // how many bytes come before the `::`
  let i = gap === 0 ? 2 : 0;
  while (i < text.length) {
    const start = i;
    let group = 0;
    for (let digit; i < start + 4 && (digit = hexDigit(text.charCodeAt(i))) !== -1; i++) {
      group = group * 16 + digit;
    }
    if (text.charCodeAt(i) === DOT) {
      if (filled > SIZE - 4 || !writeIpv4(text, into, at + filled, start)) return false;
      filled += 4;
      break;
    }
    if (i === start || filled === SIZE) return false;
    into[at + filled++] = group >> 8;
    into[at + filled++] = group & 0xff;
    if (i === text.length) break;
    if (text.charCodeAt(i++) !== COLON || i === text.length) return false;
    if (text.charCodeAt(i) === COLON) {
      if (gap !== -1) return false;
      gap = filled;
      i++;
    }
  }
  if (gap === -1 || filled === SIZE) return gap === -1 && filled === SIZE;
  const end = at + SIZE - (filled - gap);
  into.copyWithin(end, at + gap, at + filled).fill(0, at + gap, end);
  return true;
}

/** What a hexadecimal digit stands for, or -1. */
function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x61 + 10 : -1;
}

/** The text of the address that lies at `at`. */
export function readIpv6(bytes: Uint8Array, at: number): string {
  const { start, length } = longestZeros(bytes, at);
  const isMapped = length === 5 && get16be(bytes, at + 10) === 0xffff;
  const endsAsIpv4 = start === 0 && (length === 6 || isMapped);
  let text = "";
  for (let i = 0; i < GROUPS; i++) {
    if (i === start) {
      text += "::";
      i += length - 1;
      continue;
    }
    if (i > 0 && i !== start + length) text += ":";
    if (i === 6 && endsAsIpv4) return text + readIpv4(bytes, at + 12);
    text += get16be(bytes, at + 2 * i).toString(16);
  }
  return text;
}

/** The first of the longest runs of zeros; a single group is none, and then `start` is -1. */
function longestZeros(bytes: Uint8Array, at: number): { start: number; length: number } {
  let start = -1;
  let length = 1;
  for (let from = 0, i = 0; i < GROUPS; i++) {
    if (get16be(bytes, at + 2 * i) !== 0) from = i + 1;
    else if (i + 1 - from > length) {
      start = from;
      length = i + 1 - from;
    }
  }
  return { start, length };
}

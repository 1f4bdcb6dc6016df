import { requireBytes, show } from "../arguments.ts";
import { get16 } from "./bytes.ts";

// `@posixly/socket` has the same for addresses of its own; a browser cannot import that.

/**
 * The bytes of a hardware address.
 *
 * @param text Two hexadecimal digits each, between colons or hyphens: `02:00:5e:10:00:01`
 * @returns Its bytes, six for Ethernet, or `null` if the text is no such address
 *
 * @example Usage
 * ```ts
 * import { parseMac } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(parseMac("02:00:5e:10:00:ff"), new Uint8Array([2, 0, 0x5e, 0x10, 0, 255]));
 * assert.equal(parseMac("2:0"), null);
 * ```
 */
export function parseMac(text: string): Uint8Array<ArrayBuffer> | null {
  const count = (text.length + 1) / 3;
  if (!Number.isInteger(count) || count === 0) return null;
  const bytes = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    const high = hexDigit(text.charCodeAt(3 * i));
    const low = hexDigit(text.charCodeAt(3 * i + 1));
    const between = text[3 * i + 2];
    const isEnd = i === count - 1 || between === text[2] && (between === ":" || between === "-");
    if (high === -1 || low === -1 || !isEnd) return null;
    bytes[i] = high << 4 | low;
  }
  return bytes;
}

/** What a hexadecimal digit stands for, or -1. */
function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x61 + 10 : -1;
}

/**
 * The text of a hardware address.
 *
 * @param bytes Its bytes, six for Ethernet
 * @returns Such as `02:00:5e:10:00:01`
 * @throws {TypeError} If they are none
 *
 * @example Usage
 * ```ts
 * import { formatMac } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * assert.equal(formatMac(new Uint8Array([2, 0, 0x5e, 0x10, 0, 255])), "02:00:5e:10:00:ff");
 * ```
 */
export function formatMac(bytes: Uint8Array): string {
  return readMac(requireBytes(bytes, "bytes"), 0, bytes.length);
}

/** The text of the hardware address that lies at `at`. */
export function readMac(bytes: Uint8Array, at: number, length = 6): string {
  let text = "";
  for (let i = at; i < at + length; i++) text += (i > at ? ":" : "") + HEX[bytes[i]];
  return text;
}

const HEX = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, "0"));

/** Writes a hardware address of exactly so many bytes. */
export function writeMac(text: string, name: string, into: Uint8Array, at: number): void {
  into.set(requireMac(text, name, 6), at);
}

export function requireMac(text: string, name: string, length: number): Uint8Array<ArrayBuffer> {
  const bytes = typeof text === "string" ? parseMac(text) : null;
  if (bytes?.length === length || (length === 0 && text === "")) return bytes ?? new Uint8Array();
  throw new TypeError(`${name} must be a hardware address of ${length} bytes, not ${show(text)}`);
}

/** The text of the IPv4 address that lies at `at`. */
export function readIpv4(bytes: Uint8Array, at: number): string {
  return `${bytes[at]}.${bytes[at + 1]}.${bytes[at + 2]}.${bytes[at + 3]}`;
}

/** Writes an IPv4 address: four decimal numbers, none with a leading zero, which is octal to some. */
export function writeIpv4(text: string, name: string, into: Uint8Array, at: number): void {
  if (typeof text === "string" && readsAsIpv4(text, into, at)) return;
  throw new TypeError(`${name} must be an IPv4 address, not ${show(text)}`);
}

/** Writes the address, if the text is one; it may have written some of it if not. */
function readsAsIpv4(text: string, into: Uint8Array, at: number): boolean {
  let parts = 0;
  let part = -1; // no digit yet
  for (let i = 0; i <= text.length; i++) {
    const digit = text.charCodeAt(i) - 0x30; // NaN at the end
    if (digit >= 0 && digit <= 9) {
      if (part === 0) return false;
      part = part === -1 ? digit : part * 10 + digit;
      if (part > 255) return false;
    } else {
      if (part === -1 || parts === 4 || (i < text.length && text[i] !== ".")) return false;
      into[at + parts++] = part;
      part = -1;
    }
  }
  return parts === 4;
}

/** The text of the IPv6 address that lies at `at`, as RFC 5952 wants it. */
export function readIpv6(bytes: Uint8Array, at: number): string {
  const { first, count } = longestZeros(bytes, at);
  const isMapped = count === 5 && get16(bytes, at + 10) === 0xffff;
  const endsAsIpv4 = first === 0 && (count === 6 || isMapped);
  let text = "";
  for (let i = 0; i < 8; i++) {
    if (i === first) {
      text += "::";
      i += count - 1;
      continue;
    }
    if (i > 0 && i !== first + count) text += ":";
    if (i === 6 && endsAsIpv4) return text + readIpv4(bytes, at + 12);
    text += get16(bytes, at + 2 * i).toString(16);
  }
  return text;
}

/** The first of the longest runs of zero groups; a single one is none, and then `first` is -1. */
function longestZeros(bytes: Uint8Array, at: number): { first: number; count: number } {
  let first = -1;
  let count = 1;
  for (let from = 0, i = 0; i < 8; i++) {
    if (get16(bytes, at + 2 * i) !== 0) from = i + 1;
    else if (i + 1 - from > count) {
      first = from;
      count = i + 1 - from;
    }
  }
  return { first, count };
}

/** Writes an IPv6 address, as inet_pton(3) reads it. */
export function writeIpv6(text: string, name: string, into: Uint8Array, at: number): void {
  const groups = typeof text === "string" ? groupsOf(text) : null;
  if (groups === null) throw new TypeError(`${name} must be an IPv6 address, not ${show(text)}`);
  for (let i = 0; i < 8; i++) {
    into[at + 2 * i] = groups[i] >> 8;
    into[at + 2 * i + 1] = groups[i];
  }
}

function groupsOf(text: string): number[] | null {
  const halves = text.split("::");
  if (halves.length > 2) return null;
  const [before, after] = halves.map((half, i) => listOf(half, i === halves.length - 1));
  if (!before || after === null) return null;
  if (after === undefined) return before.length === 8 ? before : null;
  const gap = 8 - before.length - after.length;
  return gap < 1 ? null : [...before, ...new Array<number>(gap).fill(0), ...after];
}

/** The groups of one side of `::`; the last two of all may be an IPv4 address. */
function listOf(text: string, isLast: boolean): number[] | null {
  if (text === "") return [];
  const groups: number[] = [];
  const parts = text.split(":");
  for (const [i, part] of parts.entries()) {
    if (isLast && i === parts.length - 1 && part.includes(".")) {
      const bytes = new Uint8Array(4);
      if (!readsAsIpv4(part, bytes, 0)) return null;
      groups.push(get16(bytes, 0), get16(bytes, 2));
    } else if (/^[\da-f]{1,4}$/i.test(part)) groups.push(Number.parseInt(part, 16));
    else return null;
  }
  return groups;
}

/** Checks an address the way that it will be written. */
export function requireIpv4(text: string, name: string): void {
  writeIpv4(text, name, scratch, 0);
}

export function requireIpv6(text: string, name: string): void {
  writeIpv6(text, name, scratch, 0);
}

const scratch = new Uint8Array(16);

import { requireRange, requireSum } from "./range.ts";
import { fold, sumOf } from "./word_sum.ts";

/**
 * The checksum of the Internet, RFC 1071: the complement of the one's complement sum of the bytes,
 * two at a time, the first of each pair being the high one.
 *
 * An odd last byte counts as if a zero followed it. `initial` is the sum of what came before, such
 * as {@linkcode onesComplementSum} or {@linkcode pseudoHeader4} give it.
 *
 * @param bytes Where they are
 * @param start Where they begin, in bytes
 * @param end Where they end, in bytes
 * @param initial A sum to begin with, a whole number below 2^32
 * @returns 16 bits; 0 if the checksum is among the bytes, and right
 * @throws {TypeError | RangeError} If `start` and `end` are no part of `bytes`, or a sum none
 *
 * @example The one of an IPv4 header
 * ```ts
 * import { checksum } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * const header = Uint8Array.from([
 *   ...[0x45, 0, 0, 0x73, 0, 0, 0x40, 0, 0x40, 0x11, 0, 0],
 *   ...[192, 168, 0, 1, 192, 168, 0, 199],
 * ]);
 * assert.equal(checksum(header), 0xb861);
 * header.set([0xb8, 0x61], 10);
 * assert.equal(checksum(header), 0);
 * ```
 */
export function checksum(
  bytes: Uint8Array,
  start: number = 0,
  end: number = bytes.length,
  initial: number = 0,
): number {
  return onesComplementSum(bytes, start, end, initial) ^ 0xffff;
}

/**
 * The one's complement sum of bytes, two at a time: what {@linkcode checksum} is the complement of.
 *
 * Pieces are chained by giving the sum of the first as `initial` of the next. All but the last must
 * be of even length, since an odd last byte counts as if a zero followed it.
 *
 * @param bytes Where they are
 * @param start Where they begin, in bytes
 * @param end Where they end, in bytes
 * @param initial The sum of what came before, a whole number below 2^32
 * @returns 16 bits; 0 only if everything is
 * @throws {TypeError | RangeError} If `start` and `end` are no part of `bytes`, or a sum none
 *
 * @example In two pieces
 * ```ts
 * import { onesComplementSum } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * const bytes = Uint8Array.of(0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7);
 * const first = onesComplementSum(bytes, 0, 4);
 * assert.equal(onesComplementSum(bytes, 4, 8, first), 0xddf2);
 * ```
 */
export function onesComplementSum(
  bytes: Uint8Array,
  start: number = 0,
  end: number = bytes.length,
  initial: number = 0,
): number {
  requireRange(bytes, start, end);
  requireSum(initial);
  return fold(initial + sumOf(bytes, start, end));
}

/**
 * The sum of the pseudo header that the checksums of UDP and TCP over IPv4 begin with, RFC 768 and
 * RFC 9293: to be given as `initial`.
 *
 * @param bytes The packet
 * @param source Where the source address begins in it, in bytes: 12 into the header
 * @param destination Where the destination address begins, in bytes: 16 into the header
 * @param protocol The protocol: 6 is TCP, 17 is UDP
 * @param length How long the segment or datagram is, in bytes, its header included
 * @returns The sum, not folded: below 2^32
 *
 * @example The checksum of a UDP datagram
 * ```ts
 * import { checksum, pseudoHeader4 } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * const addresses = Uint8Array.of(192, 168, 1, 1, 192, 168, 1, 2);
 * const udp = Uint8Array.of(0xbf, 0, 0, 53, 0, 12, 0, 0, 0xaa, 0, 0, 0xff);
 * assert.equal(checksum(udp, 0, 12, pseudoHeader4(addresses, 0, 4, 17, 12)), 0x124d);
 * ```
 */
export function pseudoHeader4(
  bytes: Uint8Array,
  source: number,
  destination: number,
  protocol: number,
  length: number,
): number {
  return ((bytes[source] + bytes[source + 2] + bytes[destination] + bytes[destination + 2]) << 8) +
    bytes[source + 1] + bytes[source + 3] + bytes[destination + 1] + bytes[destination + 3] +
    protocol + length;
}

/**
 * The sum of the pseudo header that checksums over IPv6 begin with, ICMPv6 included, RFC 8200
 * section 8.1: to be given as `initial`.
 *
 * @param bytes The packet
 * @param source Where the source address begins in it, in bytes: 8 into the header
 * @param destination Where the last destination's address begins, in bytes: 24 into the header,
 * unless a routing header has it
 * @param protocol The next header that is summed: 6 is TCP, 17 is UDP, 58 is ICMPv6
 * @param length How long the segment, datagram or message is, in bytes, its header included
 * @returns The sum, not folded: below 2^32
 *
 * @example The checksum of an echo request
 * ```ts
 * import { checksum, pseudoHeader6 } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * const addresses = new Uint8Array(32); // fe80::1, fe80::2
 * addresses.set([0xfe, 0x80], 0);
 * addresses.set([0xfe, 0x80], 16);
 * addresses[15] = 1;
 * addresses[31] = 2;
 * const echo = Uint8Array.of(128, 0, 0, 0, 0x12, 0x34, 0xab, 0xcd, 0xaa, 0, 0, 0xff);
 * assert.equal(checksum(echo, 0, 12, pseudoHeader6(addresses, 0, 16, 58, 12)), 0x19b3);
 * ```
 */
export function pseudoHeader6(
  bytes: Uint8Array,
  source: number,
  destination: number,
  protocol: number,
  length: number,
): number {
  let high = 0;
  let low = 0;
  for (let i = 0; i < 16; i += 2) {
    high += bytes[source + i] + bytes[destination + i];
    low += bytes[source + i + 1] + bytes[destination + i + 1];
  }
  return (high << 8) + low + protocol + (length & 0xffff) + (length >>> 16);
}

/**
 * The checksum after something under it was changed, found without summing it all again: RFC 1624.
 *
 * @param old The checksum so far, 16 bits
 * @param from What was there: 16 bits, or 32 such as an address, beginning at an even place
 * @param to What is there now, as wide
 * @returns The new checksum, 16 bits; that of bytes that are all zero, which no packet is, comes
 * out as 0 and not as 0xffff, which is the same to who verifies it
 *
 * @example A router takes one from the time to live
 * ```ts
 * import { updateChecksum } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * const [ttl, protocol] = [64, 17];
 * const updated = updateChecksum(0xb861, ttl << 8 | protocol, ttl - 1 << 8 | protocol);
 * assert.equal(updated, 0xb961);
 * ```
 */
export function updateChecksum(old: number, from: number, to: number): number {
  return fold((~old & 0xffff) + (~from >>> 0) + (to >>> 0)) ^ 0xffff;
}

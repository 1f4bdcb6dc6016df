/** Numbers in either byte order, plainly read: a `DataView` for each chunk would cost more. */

/**
 * Which byte of a number comes first in a file: `"little"` is what x86 and ARM write.
 *
 * @example A file of an old workstation
 * ```ts
 * import { type ByteOrder, captureWriter } from "@posixly/raw/pcap";
 * import assert from "node:assert/strict";
 *
 * const byteOrder: ByteOrder = "big";
 * const writer = captureWriter({ format: "pcap", nanoseconds: false, byteOrder });
 * assert.deepEqual(writer.end().subarray(0, 4), Uint8Array.of(0xa1, 0xb2, 0xc3, 0xd4));
 * ```
 */
export type ByteOrder = "little" | "big";

/** The largest number of 32 bits. */
export const MAX_U32 = 0xffff_ffff;

export function readU16(bytes: Uint8Array, at: number, little: boolean): number {
  return little ? bytes[at] | bytes[at + 1] << 8 : bytes[at] << 8 | bytes[at + 1];
}

export function readU32(bytes: Uint8Array, at: number, little: boolean): number {
  return little
    ? (bytes[at] | bytes[at + 1] << 8 | bytes[at + 2] << 16 | bytes[at + 3] << 24) >>> 0
    : (bytes[at] << 24 | bytes[at + 1] << 16 | bytes[at + 2] << 8 | bytes[at + 3]) >>> 0;
}

export function writeU16(bytes: Uint8Array, at: number, value: number, little: boolean): void {
  bytes[little ? at : at + 1] = value;
  bytes[little ? at + 1 : at] = value >>> 8;
}

export function writeU32(bytes: Uint8Array, at: number, value: number, little: boolean): void {
  bytes[little ? at : at + 3] = value;
  bytes[little ? at + 1 : at + 2] = value >>> 8;
  bytes[little ? at + 2 : at + 1] = value >>> 16;
  bytes[little ? at + 3 : at] = value >>> 24;
}

/** As many bytes as whole words of 32 bits take, to which everything in pcapng is padded. */
export function padded(length: number): number {
  return Math.ceil(length / 4) * 4;
}

/** A part, not copied; made directly, which is several times faster than `subarray`. */
export function part(bytes: Uint8Array, start: number, end: number): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset + start, end - start);
}

/** All of them, one after the other, as one. */
export function joined(pieces: readonly Uint8Array[]): Uint8Array {
  if (pieces.length === 1) return pieces[0];
  const all = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

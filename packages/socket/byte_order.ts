// Numbers in bytes, without a view of them: an address is written for every datagram.

/** Writes 16 bits in network byte order. */
export function put16be(into: Uint8Array, at: number, value: number): void {
  into[at] = value >>> 8;
  into[at + 1] = value;
}

/** Writes 32 bits in network byte order. */
export function put32be(into: Uint8Array, at: number, value: number): void {
  put16be(into, at, value >>> 16);
  put16be(into, at + 2, value);
}

/** Writes 32 bits in the byte order of the processors we know. */
export function put32(into: Uint8Array, at: number, value: number): void {
  into[at] = value;
  into[at + 1] = value >>> 8;
  into[at + 2] = value >>> 16;
  into[at + 3] = value >>> 24;
}

/** Reads 16 bits in network byte order. */
export function get16be(bytes: Uint8Array, at: number): number {
  return bytes[at] << 8 | bytes[at + 1];
}

/** Reads 32 bits in network byte order. */
export function get32be(bytes: Uint8Array, at: number): number {
  return (get16be(bytes, at) << 16 | get16be(bytes, at + 2)) >>> 0;
}

/** Reads 32 bits in the byte order of the processors we know. */
export function get32(bytes: Uint8Array, at: number): number {
  return (bytes[at] | bytes[at + 1] << 8 | bytes[at + 2] << 16 | bytes[at + 3] << 24) >>> 0;
}

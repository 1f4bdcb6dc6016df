import { requireBytes } from "@posixly/sys";

/** Checks that these are the bytes of an address, which has a certain length. */
export function requireLength(bytes: Uint8Array, length: number): Uint8Array {
  if (!(bytes instanceof Uint8Array)) requireBytes(bytes, "bytes");
  if (bytes.length === length) return bytes;
  throw new RangeError(`bytes must be ${length}, not ${bytes.length}`);
}

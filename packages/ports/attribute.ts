import { nlattr } from "./libc.ts";

const HEADER = nlattr.size;

/** The bytes of an attribute of netlink(7) that lies between `at` and `end`. */
export function attribute(
  bytes: Uint8Array,
  at: number,
  end: number,
  type: number,
): Uint8Array | undefined {
  while (at + HEADER <= end) {
    const length = bytes[at] | bytes[at + 1] << 8;
    if (length < HEADER || at + length > end) return undefined;
    if ((bytes[at + 2] | bytes[at + 3] << 8) === type) {
      return bytes.subarray(at + HEADER, at + length);
    }
    at += (length + 3) & ~3;
  }
  return undefined;
}

/** An attribute as it is sent. */
export function encodeAttribute(type: number, value: Uint8Array): Uint8Array<ArrayBuffer> {
  const length = HEADER + value.length;
  if (length > 0xffff) throw new RangeError(`A filter cannot have ${value.length} bytes of code`);
  const bytes = new Uint8Array((length + 3) & ~3);
  bytes.set(nlattr.encode({ nla_len: length, nla_type: type }));
  bytes.set(value, HEADER);
  return bytes;
}

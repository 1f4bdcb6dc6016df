// The attributes of netlink(7), which two loads of the kernel look through: a length and a type, in
// the order of the machine, then what it says, then nothing up to the next multiple of 4.

const HEADER = 4;
/** The upper two bits of a type are flags. */
const TYPE_MASK = 0x3fff;

/**
 * Where the first attribute of a type is, counted from the start of the packet.
 *
 * @returns 0 if there is none
 */
export function findAttribute(
  packet: Uint8Array,
  start: number,
  from: number,
  type: number,
): number {
  return search(packet, start, start + from, packet.length, type);
}

/** Where the first one of a type is within another. */
export function findNested(
  packet: Uint8Array,
  start: number,
  outer: number,
  type: number,
): number {
  const at = start + outer;
  const length = lengthAt(packet, at, packet.length);
  return length === 0 ? 0 : search(packet, start, at + HEADER, at + length, type);
}

function search(packet: Uint8Array, start: number, from: number, end: number, type: number) {
  for (let at = from;;) {
    const length = lengthAt(packet, at, end);
    if (length === 0) return 0;
    if (((packet[at + 2] | packet[at + 3] << 8) & TYPE_MASK) === type) return at - start;
    at += Math.ceil(length / 4) * 4;
  }
}

/** The length of an attribute that lies within these bounds; 0 if none does. */
function lengthAt(packet: Uint8Array, at: number, end: number): number {
  if (at + HEADER > end) return 0;
  const length = packet[at] | packet[at + 1] << 8;
  return length >= HEADER && at + length <= end ? length : 0;
}

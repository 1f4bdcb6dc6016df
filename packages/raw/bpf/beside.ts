import { findAttribute, findNested } from "./netlink_attribute.ts";
import type { RunOptions } from "./run.ts";

/**
 * What a program gets that asks for something beside the packet, by its offset from `SKF_AD_OFF`;
 * nothing if that ends the program.
 */
export function besidePacket(
  offset: number,
  a: number,
  x: number,
  packet: Uint8Array,
  start: number,
  { ancillary = nothing }: RunOptions,
): number | undefined {
  const value = known(offset, a, x, packet, start, ancillary);
  return value === undefined ? undefined : value | 0;
}

const nothing: NonNullable<RunOptions["ancillary"]> = {};

function known(
  offset: number,
  a: number,
  x: number,
  packet: Uint8Array,
  start: number,
  ancillary: NonNullable<RunOptions["ancillary"]>,
): number | undefined {
  switch (offset) {
    case 0:
      return ancillary.protocol ?? 0;
    case 4:
      return ancillary.packetType ?? 0;
    case 8:
      return ancillary.interface;
    case 12:
      return findAttribute(packet, start, a >>> 0, x);
    case 16:
      return findNested(packet, start, a >>> 0, x);
    case 20:
      return ancillary.mark ?? 0;
    case 24:
      return ancillary.queue ?? 0;
    case 28:
      return ancillary.hardwareType;
    case 32:
      return ancillary.hash ?? 0;
    case 36:
      return ancillary.cpu ?? 0;
    case 40:
      return a ^ x;
    case 44:
      return ancillary.vlanTag ?? 0;
    case 48:
      return ancillary.vlanTag === undefined ? 0 : 1;
    case 52:
      return ancillary.payloadOffset ?? 0;
    case 56:
      return ancillary.random ?? Math.random() * 2 ** 32;
    default:
      return ancillary.vlanProtocol ?? (ancillary.vlanTag === undefined ? 0 : 0x8100);
  }
}

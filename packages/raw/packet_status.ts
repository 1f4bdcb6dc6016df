import type { PacketType } from "@posixly/socket";
import {
  ETH_P_8021Q,
  PACKET_BROADCAST,
  PACKET_HOST,
  PACKET_KERNEL,
  PACKET_LOOPBACK,
  PACKET_MULTICAST,
  PACKET_OTHERHOST,
  PACKET_OUTGOING,
  PACKET_USER,
  TP_STATUS_CSUM_VALID,
  TP_STATUS_CSUMNOTREADY,
  TP_STATUS_VLAN_TPID_VALID,
  TP_STATUS_VLAN_VALID,
} from "./libc.ts";

/**
 * A VLAN tag that the kernel has taken out of a frame, IEEE 802.1Q: it is not among the bytes.
 * {@linkcode withVlanTag} puts it back.
 *
 * @example Usage
 * ```ts
 * import type { TakenVlanTag } from "@posixly/raw";
 * import assert from "node:assert/strict";
 *
 * const tag: TakenVlanTag = { id: 100, priority: 5, dropEligible: false, type: 0x8100 };
 * assert.equal(tag.priority << 13 | tag.id, 0xa064);
 * ```
 */
export interface TakenVlanTag {
  /** Which VLAN, 12 bits. */
  readonly id: number;
  /** How urgent it is, 0 to 7. */
  readonly priority: number;
  /** Whether it may be dropped first. */
  readonly dropEligible: boolean;
  /** What kind of tag, a type of Ethernet: 0x8100, or 0x88a8 of a provider. */
  readonly type: number;
}

/**
 * What is known of the checksum of the transport in a packet.
 *
 * - `unknown`: nobody has looked at it
 * - `valid`: the card or the kernel has found it right
 * - `partial`: it is not written yet. A card would do so, or the packet never left this machine: it
 *   does not add up, and nothing is wrong with that. The length of such a packet may be more than
 *   the network takes, too, or be 0 in the header
 *
 * @example Usage
 * ```ts
 * import type { CapturedPacket, ChecksumState } from "@posixly/raw";
 *
 * const open: ChecksumState = "unknown";
 * const isWorthChecking = ({ checksum }: CapturedPacket) => checksum === open;
 * ```
 */
export type ChecksumState = "unknown" | "valid" | "partial";

/** What the status of a packet says of its checksum. */
export function checksumIn(status: number): ChecksumState {
  if ((status & TP_STATUS_CSUMNOTREADY) !== 0) return "partial";
  return (status & TP_STATUS_CSUM_VALID) !== 0 ? "valid" : "unknown";
}

/** The tag that a packet had, if it had one. */
export function vlanIn(status: number, tci: number, tpid: number): TakenVlanTag | undefined {
  if ((status & TP_STATUS_VLAN_VALID) === 0) return undefined;
  return {
    id: tci & 0xfff,
    priority: tci >>> 13 & 7,
    dropEligible: (tci & 0x1000) !== 0,
    type: (status & TP_STATUS_VLAN_TPID_VALID) !== 0 ? tpid : ETH_P_8021Q,
  };
}

const types: Readonly<Record<number, PacketType>> = {
  [PACKET_HOST]: "host",
  [PACKET_BROADCAST]: "broadcast",
  [PACKET_MULTICAST]: "multicast",
  [PACKET_OTHERHOST]: "otherHost",
  [PACKET_OUTGOING]: "outgoing",
  [PACKET_LOOPBACK]: "loopback",
  [PACKET_USER]: "user",
  [PACKET_KERNEL]: "kernel",
};

/** The name of a type of packets, or the number of one that is newer. */
export function packetTypeOf(number: number): PacketType | number {
  return types[number] ?? number;
}

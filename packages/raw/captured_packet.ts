import type { ExactTime } from "@posixly/fd";
import {
  type Datagram,
  type PacketAddress,
  type ReceivedControl,
  receiveMessage,
  type Socket,
} from "@posixly/socket";
import { PACKET_AUXDATA, SOL_PACKET, tpacketAuxdata } from "./libc.ts";
import { checksumIn, type ChecksumState, type TakenVlanTag, vlanIn } from "./packet_status.ts";

/**
 * A packet as a packet socket or a ring gives it: its bytes, which are yours to keep, and what the
 * kernel knows of it.
 *
 * @example Usage
 * ```ts network
 * import { type CapturedPacket, packetSocket, rawSocket } from "@posixly/raw";
 * import assert from "node:assert/strict";
 *
 * using socket = packetSocket({ interface: "lo", receiveTimestamp: true, auxdata: true });
 * using sender = rawSocket("ipv4", 253);
 * await sender.send(new Uint8Array(100), "127.0.0.1");
 *
 * const isOurs = ({ bytes, from }: CapturedPacket) =>
 *   from.packetType === "host" && from.protocol === 0x800 && bytes[14 + 9] === 253;
 * for await (const packet of socket) {
 *   if (!isOurs(packet)) continue;
 *   assert.equal(packet.bytes.length, 14 + 20 + 100); // Ethernet, IPv4
 *   assert.equal(packet.originalLength, packet.bytes.length);
 *   break;
 * }
 * ```
 */
export interface CapturedPacket extends Datagram {
  /** The bytes that there are of it. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /**
   * By which interface it came, and what kind of packet it was: `packetType` tells what came in
   * from what went out. The hardware address is its sender's.
   */
  readonly from: PacketAddress;
  /** How many bytes it had; more than `bytes` has if a filter or the room has cut it. */
  readonly originalLength: number;
  /** When the kernel had it, by `CLOCK_REALTIME`; of a socket if it was asked for. */
  readonly timestamp: ExactTime | undefined;
  /** The VLAN tag that is not among the bytes; of a socket if `auxdata` was asked for. */
  readonly vlan: TakenVlanTag | undefined;
  /** What is known of its checksum; of a socket if `auxdata` was asked for. */
  readonly checksum: ChecksumState;
}

/** Receives a packet into a buffer that is used again, if there is one. */
export function takeFrame(socket: Socket, room: Uint8Array<ArrayBuffer>): CapturedPacket | null {
  const message = receiveMessage(socket, room, atOnce);
  if (message === null) return null;
  const { length, from, control } = message;
  const told = auxdataIn(control);
  return {
    bytes: room.slice(0, Math.min(length, room.length)),
    from: from as PacketAddress,
    originalLength: told?.tp_len ?? length,
    timestamp: control.timestamp,
    vlan: told && vlanIn(told.tp_status, told.tp_vlan_tci, told.tp_vlan_tpid),
    checksum: checksumIn(told?.tp_status ?? 0),
  };
}

const atOnce = { nonBlocking: true, truncate: true } as const;

function auxdataIn({ others }: ReceivedControl) {
  const message = others?.find(({ level, type }) =>
    level === SOL_PACKET && type === PACKET_AUXDATA
  );
  return message && tpacketAuxdata.decode(message.bytes);
}

/**
 * The bytes of a frame with the VLAN tag in its place again, as they were on the network: what
 * a file of packets has.
 *
 * @param packet A frame of Ethernet, with what was taken out
 * @returns A copy with the tag; the bytes themselves if there was none
 *
 * @example Usage
 * ```ts
 * import { withVlanTag } from "@posixly/raw";
 * import assert from "node:assert/strict";
 *
 * const bytes = new Uint8Array([1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 8, 0, 42]);
 * const vlan = { id: 7, priority: 0, dropEligible: false, type: 0x8100 };
 * assert.deepEqual([...withVlanTag({ bytes, vlan }).subarray(12)], [0x81, 0, 0, 7, 8, 0, 42]);
 * ```
 */
export function withVlanTag(
  { bytes, vlan }: Pick<CapturedPacket, "bytes" | "vlan">,
): Uint8Array<ArrayBuffer> {
  if (vlan === undefined || bytes.length < ADDRESSES) return bytes;
  const { id, priority, dropEligible, type } = vlan;
  const tci = priority << 13 | (dropEligible ? 0x1000 : 0) | id;
  const tagged = new Uint8Array(bytes.length + 4);
  tagged.set(bytes.subarray(0, ADDRESSES));
  tagged.set([type >>> 8, type, tci >>> 8, tci], ADDRESSES);
  tagged.set(bytes.subarray(ADDRESSES), ADDRESSES + 4);
  return tagged;
}

/** The two addresses that a frame of Ethernet begins with. */
const ADDRESSES = 12;

import type { ExactTime } from "@posixly/fd";
import {
  type Datagram,
  type ReceivedControl,
  receiveMessage,
  type Socket,
  type SocketAddress,
} from "@posixly/socket";

/**
 * A packet that a {@linkcode RawSocket} received. What the kernel says beside its bytes is there
 * if it was asked for when the socket was made.
 *
 * @example Usage
 * ```ts network
 * import { type RawPacket, rawSocket } from "@posixly/raw";
 * import assert from "node:assert/strict";
 *
 * const EXPERIMENT = 253; // a protocol for trials, rfc3692
 * using socket = rawSocket("ipv4", EXPERIMENT, { receiveTtl: true, receiveTimestamp: true });
 * await socket.send(new Uint8Array([1, 2, 3]), "127.0.0.1");
 *
 * const packet: RawPacket = await socket.receive();
 * assert.equal(packet.bytes.length, 20 + 3); // the header of IPv4 comes along
 * assert.equal(packet.ttl, 64);
 * assert.ok(packet.timestamp!.seconds > 1_700_000_000);
 * ```
 */
export interface RawPacket extends Datagram {
  /** Its bytes, yours to keep: over IPv4 with the header of IP, over IPv6 without. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Who sent it; the port means nothing. */
  readonly from: SocketAddress | null;
  /** How many routers it might still have passed: the TTL of IPv4, the hop limit of IPv6. */
  readonly ttl: number | undefined;
  /** Whom it was for. */
  readonly destination: string | undefined;
  /** The index of the interface that it came by, told with the destination. */
  readonly interface: number | undefined;
  /** When the kernel had it from the network, by `CLOCK_REALTIME`. */
  readonly timestamp: ExactTime | undefined;
  /** All that the kernel said, which other options of the socket can ask for. */
  readonly control: ReceivedControl;
}

/** Receives a packet into a buffer that is used again, if there is one. */
export function takePacket(socket: Socket, room: Uint8Array<ArrayBuffer>): RawPacket | null {
  const message = receiveMessage(socket, room, atOnce);
  if (message === null) return null;
  const { length, from, control } = message;
  return {
    bytes: room.slice(0, length),
    from,
    ttl: control.ttl ?? control.hopLimit,
    destination: control.packetInfo?.host,
    interface: control.packetInfo?.interface,
    timestamp: control.timestamp,
    control,
  };
}

const atOnce = { nonBlocking: true } as const;

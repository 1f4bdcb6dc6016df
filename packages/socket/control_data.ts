import type { ExactTime } from "@posixly/fd";
import type { SocketAddress } from "./address.ts";
import type { ControlMessage } from "./control_message.ts";
import type { Credentials } from "./credentials.ts";
import type { ExtendedError } from "./extended_error.ts";
import type { PacketInfo } from "./packet_info.ts";
import type { Timestamps } from "./timestamp.ts";

/**
 * What the kernel may be told beside the bytes of one message, cmsg(3): it goes before the options
 * of the socket, for this message alone.
 *
 * @example A datagram that no router passes on
 * ```ts
 * import { bind, type Control, localAddress, receiveMessage } from "@posixly/socket";
 * import { sendMessage, setOptions, socket } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * using server = socket("ipv4", "datagram");
 * bind(server, "127.0.0.1:0");
 * setOptions(server, { ipReceiveTtl: true });
 * using client = socket("ipv4", "datagram");
 *
 * const control: Control = { ttl: 1 };
 * const bytes = new Uint8Array(4);
 * sendMessage(client, { bytes, to: localAddress(server), control });
 * assert.equal(receiveMessage(server, bytes)!.control.ttl, 1);
 * ```
 */
export interface Control {
  /** By which interface and address of ours: `IP_PKTINFO`, `IPV6_PKTINFO`. */
  readonly packetInfo?: PacketInfo;
  /** How many routers may pass it on, 1 to 255, of IPv4: `IP_TTL`. */
  readonly ttl?: number;
  /** The same of IPv6, 0 to 255; to send, -1 is the default: `IPV6_HOPLIMIT`. */
  readonly hopLimit?: number;
  /** The type of service, 8 bits with those of congestion, of IPv4: `IP_TOS`. */
  readonly tos?: number;
  /** The same of IPv6; to send, -1 is the default: `IPV6_TCLASS`. */
  readonly trafficClass?: number;
  /**
   * The bytes are datagrams of this length, of which the last may be shorter: to send, the kernel
   * parts them, `UDP_SEGMENT`; received, it has joined them, `UDP_GRO`.
   */
  readonly segmentSize?: number;
  /** A number for firewalls and routes; to send, it takes `CAP_NET_ADMIN`: `SO_MARK`. */
  readonly mark?: number;
  /** The priority in the queue, to send since Linux 6.14: `SO_PRIORITY`. */
  readonly priority?: number;
  /**
   * When to send it, in nanoseconds of the clock that the option `sendTime` names, which has to be
   * set: `SCM_TXTIME`.
   */
  readonly sendTime?: number | bigint;
  /** What has no name here, or comes a second time. */
  readonly others?: readonly ControlMessage[];
}

/**
 * What the kernel may say beside the bytes of a message. What it says was asked for by options.
 *
 * @example When a datagram came in
 * ```ts
 * import { bind, localAddress, receiveMessage, type ReceivedControl } from "@posixly/socket";
 * import { sendTo, setOptions, socket } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * using server = socket("ipv6", "datagram");
 * bind(server, "[::1]:0");
 * setOptions(server, { timestampNs: true });
 * sendTo(server, new Uint8Array(4), localAddress(server));
 *
 * const { timestamp }: ReceivedControl = receiveMessage(server, new Uint8Array(4))!.control;
 * assert.ok(Math.abs(Date.now() / 1000 - Number(timestamp!.seconds)) < 60);
 * ```
 */
export interface ReceivedControl extends Control {
  /** When it came, by `CLOCK_REALTIME`: `SO_TIMESTAMPNS`, or `SO_TIMESTAMP` to the microsecond. */
  readonly timestamp?: ExactTime;
  /**
   * When it came, or when it was sent, by one or several clocks: `SO_TIMESTAMPING`. If nobody has
   * asked before, the kernel begins a moment later, and the first messages come without.
   */
  readonly timestamps?: Timestamps;
  /** How many messages were lost for want of room, since the socket was made: `SO_RXQ_OVFL`. */
  readonly dropped?: number;
  /** How many bytes of the stream are left to be received: `TCP_INQ`, `SO_INQ`. */
  readonly queued?: number;
  /** Whom the packet was for before a firewall took it here: `IP_ORIGDSTADDR`. */
  readonly originalAddress?: SocketAddress;
  /** The largest fragment it came in, if it came in several: `IP_RECVFRAGSIZE`. */
  readonly fragmentSize?: number;
  /** Which group of netlink it was for: `NETLINK_PKTINFO`. */
  readonly netlinkGroup?: number;
  /** What went wrong, on an error queue: `IP_RECVERR`, `IPV6_RECVERR`. */
  readonly error?: ExtendedError;
}

/**
 * All that may lie in a control buffer: {@linkcode ReceivedControl}, and who has sent what, by
 * numbers. A descriptor here is a number and no more; nobody closes it.
 *
 * @example Usage
 * ```ts
 * import { type AncillaryData, decodeControl, encodeControl } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * const data: AncillaryData = { descriptors: [1, 2], ttl: 64 };
 * assert.deepEqual(decodeControl(encodeControl(data)), data);
 * ```
 */
export interface AncillaryData extends ReceivedControl {
  /** Descriptors that are passed: `SCM_RIGHTS`. */
  readonly descriptors?: readonly number[];
  /** The process that sends: `SCM_CREDENTIALS`. */
  readonly credentials?: Credentials;
  /**
   * A descriptor of that process, or `-errno` where the kernel could not make one: `SCM_PIDFD`.
   * Since Linux 6.5.
   */
  readonly pidfd?: number;
  /** The security context of that process: `SCM_SECURITY`. */
  readonly security?: string;
}

import { type Protocol, setsockopt, type SettableOptions, type Socket } from "@posixly/socket";
import { oneOf, requireBoolean, requireInteger, requireKnown, requireName } from "@posixly/sys";
import { indexOf } from "./interface_name.ts";
import {
  PACKET_FANOUT,
  PACKET_FANOUT_CPU,
  PACKET_FANOUT_FLAG_DEFRAG,
  PACKET_FANOUT_FLAG_ROLLOVER,
  PACKET_FANOUT_FLAG_UNIQUEID,
  PACKET_FANOUT_HASH,
  PACKET_FANOUT_LB,
  PACKET_FANOUT_QM,
  PACKET_FANOUT_RND,
  PACKET_FANOUT_ROLLOVER,
  SOL_PACKET,
} from "./libc.ts";

const modes = {
  hash: PACKET_FANOUT_HASH,
  loadBalance: PACKET_FANOUT_LB,
  cpu: PACKET_FANOUT_CPU,
  rollover: PACKET_FANOUT_ROLLOVER,
  random: PACKET_FANOUT_RND,
  queueMapping: PACKET_FANOUT_QM,
};

/**
 * How the packet sockets of a group share the packets: each goes to one of them, `PACKET_FANOUT`.
 * All of a group have the same interface, protocol, mode and flags.
 *
 * @example One of several workers
 * ```ts
 * import { type Fanout, packetSocket } from "@posixly/raw";
 *
 * const fanout: Fanout = { group: 7, mode: "hash", defragment: true };
 * const open = () => packetSocket({ interface: "lo", fanout });
 * ```
 */
export interface Fanout {
  /**
   * Which group of this network namespace, 0 to 65535; by default a new one, which
   * `fanoutGroup` tells, since Linux 4.12.
   */
  readonly group?: number;
  /**
   * Who gets a packet:
   *
   * - `hash`: the same for all packets of a flow
   * - `loadBalance`: one after the other
   * - `cpu`: by the processor that it came in on
   * - `rollover`: the first, until it has no room left
   * - `random`: anyone
   * - `queueMapping`: by the queue of the card
   */
  readonly mode: keyof typeof modes;
  /** Whether fragments are put together first, so that `hash` sees the ports of all of them. */
  readonly defragment?: boolean;
  /** Whether another one gets it when its own has no room left. */
  readonly rollover?: boolean;
}

/** The number that the kernel takes for a group and its mode. */
export function fanoutNumber(fanout: Fanout): number {
  requireKnown(fanout, ["group", "mode", "defragment", "rollover"]);
  const { group, mode, defragment, rollover } = fanout;
  let flags = oneOf(modes, mode, "mode");
  if (requireBoolean(defragment, "defragment")) flags |= PACKET_FANOUT_FLAG_DEFRAG;
  if (requireBoolean(rollover, "rollover")) flags |= PACKET_FANOUT_FLAG_ROLLOVER;
  if (group === undefined) flags |= PACKET_FANOUT_FLAG_UNIQUEID;
  return ((flags << 16) | requireInteger(group ?? 0, "group", 0, 0xffff)) >>> 0;
}

/** Makes a socket one of a group; it has to be bound. */
export function joinFanout(socket: Socket, number: number): void {
  setsockopt(socket, SOL_PACKET, PACKET_FANOUT, number);
}

/**
 * What kind of packet socket, and of which interface; see {@linkcode packetSocket}.
 *
 * @example All that passes by, not only what is for this machine
 * ```ts
 * import { packetSocket, type PacketSocketOptions } from "@posixly/raw";
 *
 * const all: PacketSocketOptions = { interface: "lo", promiscuous: true, auxdata: true };
 * const open = () => packetSocket(all);
 * ```
 */
export interface PacketSocketOptions {
  /** The name or the index of the interface; by default all of them, and none to send by. */
  readonly interface?: string | number;
  /**
   * What the frames carry, such as `ipv4`, `arp`, or a type of Ethernet as a number. By default
   * `all`, which alone has what this machine sends, too; 0 is for sending only.
   */
  readonly protocol?: Protocol | number;
  /**
   * Whether there is a header of the link before what it carries: `raw`, the default; or whether the
   * kernel takes it off, and writes it from the address that is sent to: `datagram`.
   */
  readonly mode?: "raw" | "datagram";
  /** Whether the interface takes what is for other machines as well: `PACKET_MR_PROMISC`. */
  readonly promiscuous?: boolean;
  /** Whether it takes what is for any group: `PACKET_MR_ALLMULTI`. */
  readonly allMulticast?: boolean;
  /** The group of sockets that share the packets. */
  readonly fanout?: Fanout;
  /** Whether what this machine sends stays away: `PACKET_IGNORE_OUTGOING`. Since Linux 4.20. */
  readonly ignoreOutgoing?: boolean;
  /** Whether packets come with their VLAN tag and what is known of their checksum: `PACKET_AUXDATA`. */
  readonly auxdata?: boolean;
  /** Whether what is sent goes past the queue of the interface: `PACKET_QDISC_BYPASS`. */
  readonly bypassQueue?: boolean;
  /** Whether packets come with the time that the kernel had them: `SO_TIMESTAMPNS`. */
  readonly receiveTimestamp?: boolean;
  /** Other options. A `filter` holds from the first packet on. */
  readonly options?: Partial<SettableOptions>;
}

export const packetOptionNames: readonly string[] = [
  "interface",
  "protocol",
  "mode",
  "promiscuous",
  "allMulticast",
  "fanout",
  "ignoreOutgoing",
  "auxdata",
  "bypassQueue",
  "receiveTimestamp",
  "options",
];

/** Checks what is not checked where it is used, before there is a socket; tells the interface. */
export function requirePacketOptions(options: PacketSocketOptions): number {
  const { mode = "raw", fanout, promiscuous, allMulticast } = options;
  requireName(["raw", "datagram"], mode, "mode");
  for (const name of ["ignoreOutgoing", "auxdata", "bypassQueue", "receiveTimestamp"] as const) {
    requireBoolean(options[name], name);
  }
  if (fanout !== undefined) fanoutNumber(fanout);
  const index = indexOf(options.interface);
  requireBoolean(promiscuous, "promiscuous");
  requireBoolean(allMulticast, "allMulticast");
  if (index === 0 && (promiscuous || allMulticast)) {
    throw new TypeError("promiscuous and allMulticast take an interface");
  }
  return index;
}

import { bind, setOptions, setsockopt, socket } from "@posixly/socket";
import { requireKnown } from "@posixly/sys";
import {
  ETH_P_ALL,
  PACKET_AUXDATA,
  PACKET_IGNORE_OUTGOING,
  PACKET_QDISC_BYPASS,
  SOL_PACKET,
} from "./libc.ts";
import {
  fanoutNumber,
  joinFanout,
  packetOptionNames,
  type PacketSocketOptions,
  requirePacketOptions,
} from "./packet_options.ts";
import { PacketSocket } from "./packet_socket.ts";
import { protocolOf } from "./packet_protocol.ts";
import { permitted } from "./raw_access_error.ts";

/**
 * A packet socket, packet(7): sends and receives whole frames of a network interface, whatever they
 * are. Nothing comes before all options are set, the filter among them: until then it has no
 * protocol.
 *
 * What is received is a copy: the kernel goes on to do with a packet what it does. For more than
 * some 100,000 packets per second, take {@linkcode receiveRing} and {@linkcode transmitRing}.
 *
 * @param options Which interface, what of it, and how
 * @returns The socket
 * @throws {RawAccessError} `EPERM` if we lack `CAP_NET_RAW`; it says what to do
 * @throws {SyscallError} `ENODEV` if there is no such interface; `EINVAL` if the others of the fanout
 * group are of another kind; `ENOPROTOOPT` if this kernel lacks an option
 * @throws {TypeError | RangeError} If an option is not as described
 *
 * @example Who asks for an address
 * ```ts network
 * import { packetSocket } from "@posixly/raw";
 * import assert from "node:assert/strict";
 *
 * using socket = packetSocket({ interface: "lo", protocol: "arp", mode: "datagram" });
 * const broadcast = new Uint8Array(6).fill(0xff);
 * await socket.send(new Uint8Array(28), {
 *   family: "packet",
 *   protocol: 0x806,
 *   interface: 1,
 *   hardwareAddress: broadcast,
 * });
 * const { bytes, from } = await socket.receive({ timeout: 5000 });
 * assert.equal(bytes.length, 28); // without the header of Ethernet
 * assert.equal(from.protocol, 0x806);
 * ```
 */
export function packetSocket(options: PacketSocketOptions = {}): PacketSocket {
  requireKnown(options, packetOptionNames);
  return preparedPacketSocket(options);
}

/** ret 0: a program of classic BPF that lets nothing through. */
const NOTHING = new Uint8Array([6, 0, 0, 0, 0, 0, 0, 0]);

/** The same for a ring, which is set up before the first packet can come. */
export function preparedPacketSocket(
  options: PacketSocketOptions,
  prepare: (created: PacketSocket) => void = () => {},
): PacketSocket {
  const index = requirePacketOptions(options);
  const protocol = protocolOf(options.protocol ?? ETH_P_ALL);
  const type = options.mode === "datagram" ? "datagram" : "raw";
  const created = new PacketSocket(permitted("raw", () => socket("packet", type, 0)).release());
  try {
    const { filter, lockFilter, ...others } = options.options ?? {};
    const { fanout } = options;
    setOptions(created, { timestampNs: options.receiveTimestamp, ...others });
    setPacketOptions(created, index, options);
    prepare(created);
    // Only who is bound can join a group, and what comes between would be everything.
    setOptions(created, { filter: fanout === undefined ? filter : NOTHING });
    bind(created, { family: "packet", protocol, interface: index });
    if (fanout !== undefined) {
      joinFanout(created, fanoutNumber(fanout));
      setOptions(created, filter === undefined ? { detachFilter: true } : { filter });
    }
    setOptions(created, { lockFilter });
    return created;
  } catch (error) {
    created.close();
    throw error;
  }
}

function setPacketOptions(
  created: PacketSocket,
  index: number,
  { promiscuous, allMulticast, ignoreOutgoing, auxdata, bypassQueue }: PacketSocketOptions,
): void {
  const flags = [
    [PACKET_IGNORE_OUTGOING, ignoreOutgoing],
    [PACKET_AUXDATA, auxdata],
    [PACKET_QDISC_BYPASS, bypassQueue],
  ] as const;
  for (const [option, value] of flags) {
    if (value !== undefined) setsockopt(created, SOL_PACKET, option, value ? 1 : 0);
  }
  if (promiscuous) created.join({ kind: "promiscuous", interface: index });
  if (allMulticast) created.join({ kind: "allMulticast", interface: index });
}

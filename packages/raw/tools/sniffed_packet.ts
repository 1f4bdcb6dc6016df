import type { ExactTime } from "@posixly/fd";
import { interfaceName, type PacketType } from "@posixly/socket";
import type { SyscallError } from "@posixly/sys";
import { type CapturedPacket, withVlanTag } from "../captured_packet.ts";
import { ARPHRD_ETHER, ARPHRD_LOOPBACK } from "../libc.ts";
import { type CapturePacket, linkTypes } from "../pcap/mod.ts";
import { dissectLax, type Packet } from "../wire/mod.ts";

/**
 * A packet that {@linkcode sniff} has seen, with what is in it.
 *
 * @example Usage
 * ```ts
 * import { ping, sniff, type SniffedPacket } from "@posixly/raw";
 *
 * const show = ({ interface: name, packet: { ip, icmp } }: SniffedPacket) =>
 *   `${name}: ${ip?.source} > ${ip?.destination} ${icmp?.sequence}`;
 *
 * using packets = sniff({ interface: "lo" });
 * await ping("127.0.0.1", { count: 1 }).summary();
 * for await (const packet of packets) {
 *   console.log(show(packet));
 *   break;
 * }
 * ```
 */
export interface SniffedPacket {
  /** What there is of it, with the tag of its VLAN where it was; yours to keep. */
  readonly bytes: Uint8Array;
  /** How long it was, in bytes. */
  readonly originalLength: number;
  /** When the kernel had it, by `CLOCK_REALTIME`; `undefined` if a file does not say. */
  readonly timestamp: ExactTime | undefined;
  /** Its layers, as far as they are what they should be. */
  readonly packet: Packet;
  /** What its bytes begin with: a header of Ethernet, or of IP. */
  readonly link: "ethernet" | "ip";
  /** The name of the interface that it came or went by, if that is known. */
  readonly interface: string | undefined;
  /** Whether it came in, and for whom, or went out; `undefined` if a file does not say. */
  readonly packetType: PacketType | number | undefined;
}

/** Understands what a capture has given. */
export function understood(captured: CapturedPacket): SniffedPacket {
  const { originalLength, timestamp, vlan, from } = captured;
  const link = isEthernet(from.hardwareType) ? "ethernet" : "ip";
  const bytes = link === "ethernet" ? withVlanTag(captured) : captured.bytes;
  const tag = bytes.length - captured.bytes.length;
  return {
    bytes,
    originalLength: originalLength + (vlan === undefined ? 0 : tag),
    timestamp,
    packet: dissectLax(bytes, { link }),
    link,
    interface: nameOf(from.interface),
    packetType: from.packetType,
  };
}

/** Whether packets of such an interface begin with a header of Ethernet; the loopback has one too. */
function isEthernet(hardwareType: number | undefined): boolean {
  return hardwareType === ARPHRD_ETHER || hardwareType === ARPHRD_LOOPBACK;
}

/** It may be gone by now, or was renamed since the last one. */
function nameOf(index: number): string {
  const known = names.get(index);
  if (known !== undefined) return known;
  let name: string;
  try {
    name = interfaceName(index);
  } catch (error) {
    if ((error as SyscallError).code !== "ENODEV") throw error;
    name = `#${index}`;
  }
  if (names.size >= 1000) names.clear();
  names.set(index, name);
  return name;
}

const names = new Map<number, string>();

/** How many bytes come before IP, by the number of what a packet begins with. */
const headers: ReadonlyMap<number, number> = new Map([
  [linkTypes.null, 4],
  [linkTypes.loop, 4],
  [linkTypes.raw, 0],
  [linkTypes.ipv4, 0],
  [linkTypes.ipv6, 0],
  [linkTypes.linuxSll, 16],
  [linkTypes.linuxSll2, 20],
]);

const NAME = 2; // of the options of an interface in a file

/** Understands a packet of a file, if it is of a kind that we know; `null` if it is not. */
export function understoodOfFile(packet: CapturePacket): SniffedPacket | null {
  const { bytes, originalLength, timestamp, interface: { link: number, options } } = packet;
  const link = number === linkTypes.ethernet ? "ethernet" : "ip";
  const header = number === linkTypes.ethernet ? 0 : headers.get(number);
  if (header === undefined) return null;
  const name = options.find(({ code }) => code === NAME)?.value;
  const rest = bytes.subarray(header);
  return {
    bytes: rest,
    originalLength: originalLength - header,
    timestamp,
    packet: dissectLax(rest, { link }),
    link,
    interface: typeof name === "string" ? name : undefined,
    packetType: undefined,
  };
}

import type { ExactTime } from "@posixly/fd";
import { interfaceName, type PacketType } from "@posixly/socket";
import type { SyscallError } from "@posixly/sys";
import { type CapturedPacket, withVlanTag } from "../captured_packet.ts";
import {
  ARPHRD_ETHER,
  ARPHRD_LOOPBACK,
  ARPHRD_NONE,
  ARPHRD_PPP,
  ARPHRD_RAWIP,
  ARPHRD_SIT,
  ARPHRD_TUNNEL,
  ARPHRD_TUNNEL6,
  ETH_P_IP,
  ETH_P_IPV6,
} from "../libc.ts";
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

/**
 * Understands what a capture has given, of which so many bytes are kept; `null` if what it begins
 * with is nothing that we know.
 */
export function understood(
  captured: CapturedPacket,
  snapLength = Infinity,
): SniffedPacket | null {
  const { originalLength, timestamp, vlan, from } = captured;
  const link = linkOf(from.hardwareType);
  if (link === undefined) return null;
  const whole = link === "ethernet" ? withVlanTag(captured) : captured.bytes;
  const tag = whole.length - captured.bytes.length;
  const bytes = whole.length > snapLength ? whole.subarray(0, snapLength) : whole;
  return {
    bytes,
    originalLength: originalLength + (vlan === undefined ? 0 : tag),
    timestamp,
    packet: dissectLax(bytes, { link }),
    link,
    interface: nameOf(from.interface, timestamp?.seconds),
    packetType: from.packetType,
  };
}

/**
 * What packets of interfaces of some type begin with, as far as we know; the loopback has a header of
 * Ethernet too.
 */
export function linkOf(hardwareType: number | undefined): SniffedPacket["link"] | undefined {
  return links.get(hardwareType);
}

const links: ReadonlyMap<number | undefined, SniffedPacket["link"]> = new Map([
  [ARPHRD_ETHER, "ethernet"],
  [ARPHRD_LOOPBACK, "ethernet"],
  [ARPHRD_PPP, "ip"], // the kernel has taken its header off, or not yet put it on
  [ARPHRD_RAWIP, "ip"],
  [ARPHRD_TUNNEL, "ip"],
  [ARPHRD_TUNNEL6, "ip"],
  [ARPHRD_SIT, "ip"],
  [ARPHRD_NONE, "ip"],
]);

/** It may be gone by now, and whoever renames it tells nobody: each second it is asked again. */
function nameOf(index: number, second: number | bigint | undefined): string {
  if (second !== namesAsOf) names.clear();
  namesAsOf = second;
  const known = names.get(index) ?? askedName(index);
  names.set(index, known);
  return known;
}

let namesAsOf: number | bigint | undefined;
const names = new Map<number, string>();

function askedName(index: number): string {
  try {
    return interfaceName(index);
  } catch (error) {
    if ((error as SyscallError).code === "ENODEV") return `#${index}`;
    throw error;
  }
}

/** What comes before IP, by the number of what a packet begins with. */
const headers: ReadonlyMap<number, Header> = new Map<number, Header>([
  [linkTypes.null, { length: 4 }],
  [linkTypes.loop, { length: 4 }],
  [linkTypes.raw, { length: 0 }],
  [linkTypes.ipv4, { length: 0 }],
  [linkTypes.ipv6, { length: 0 }],
  [linkTypes.linuxSll, { length: 16, protocolAt: 14 }],
  [linkTypes.linuxSll2, { length: 20, protocolAt: 0 }],
]);

interface Header {
  readonly length: number;
  /** Where it says what follows, a type of Ethernet; it may be something else than IP. */
  readonly protocolAt?: number;
}

function leadsToIp({ protocolAt }: Header, bytes: Uint8Array): boolean {
  if (protocolAt === undefined) return true;
  const protocol = bytes[protocolAt] << 8 | bytes[protocolAt + 1];
  return protocol === ETH_P_IP || protocol === ETH_P_IPV6;
}

const NAME = 2; // of the options of an interface in a file

/** Understands a packet of a file, if it is of a kind that we know; `null` if it is not. */
export function understoodOfFile(packet: CapturePacket): SniffedPacket | null {
  const { bytes, originalLength, timestamp, interface: { link: number, options } } = packet;
  const link = number === linkTypes.ethernet ? "ethernet" : "ip";
  const header = link === "ethernet" ? { length: 0 } : headers.get(number);
  if (header === undefined || !leadsToIp(header, bytes)) return null;
  const name = options.find(({ code }) => code === NAME)?.value;
  const rest = bytes.subarray(header.length);
  return {
    bytes: rest,
    originalLength: Math.max(originalLength - header.length, 0), // a file may say what it likes
    timestamp,
    packet: dissectLax(rest, { link }),
    link,
    interface: typeof name === "string" ? name : undefined,
    packetType: undefined,
  };
}

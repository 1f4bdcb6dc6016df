import { cstring, fromCString, requireInteger } from "@posixly/sys";
import type { SocketAddress } from "./address.ts";
import type { AncillaryData } from "./control_data.ts";
import type { ControlMessage } from "./control_message.ts";
import { credentials } from "./credentials.ts";
import { extendedError } from "./extended_error.ts";
import * as c from "./libc.ts";
import { integer, type Kind, long, unsigned } from "./option_kind.ts";
import { isIpv6, packetInfo4, packetInfo6 } from "./packet_info.ts";
import { decodeAddress, encodeAddress } from "./sockaddr.ts";
import { exactTime, microTime, timestamps } from "./timestamp.ts";

/** A kind of control message: where it is, and how its value lies in memory. */
interface ControlKind {
  readonly name: string;
  readonly level: number;
  readonly type: number;
  // deno-lint-ignore no-explicit-any -- the type of the value goes by the name
  readonly kind: Kind<any>;
  /** Whether a value is written so; received it may be in any case. */
  // deno-lint-ignore no-explicit-any -- as above
  isFor(value: any): boolean;
}

type Values = Required<Omit<AncillaryData, "others">>;

const byte: Kind<number> = {
  size: 1,
  encode: (value, name) => Uint8Array.of(requireInteger(value, name, 0, 0xff)),
  decode: (bytes) => bytes[0],
};

const short: Kind<number> = {
  size: 2,
  encode(value, name) {
    requireInteger(value, name, 1, 0xffff);
    return Uint8Array.of(value, value >> 8);
  },
  decode: (bytes) => bytes[0] | bytes[1] << 8,
};

/** As many `int` as there are, and whole. */
const descriptors: Kind<readonly number[]> = {
  size: 0,
  encode(numbers, name) {
    if (!Array.isArray(numbers)) throw new TypeError(`${name} must be an array`);
    for (const [i, number] of numbers.entries()) requireInteger(number, `${name}[${i}]`);
    return new Uint8Array(Int32Array.from(numbers).buffer);
  },
  decode: (bytes) => [...new Int32Array(bytes.slice(0, bytes.length & ~3).buffer)],
};

const text: Kind<string> = {
  size: 0,
  encode: (value, name) => cstring(value, name).slice(0, -1),
  decode: fromCString,
};

/** An address of a family whose addresses have so many bytes. */
const address = (size: number): Kind<SocketAddress> => ({
  size,
  encode: (value) => encodeAddress(value),
  decode: (bytes) => decodeAddress(bytes),
});

function kind<Name extends keyof Values>(
  name: Name,
  level: number,
  type: number,
  kind: Kind<Values[Name]>,
  isFor: (value: Values[Name]) => boolean = () => true,
): ControlKind {
  return { name, level, type, kind, isFor };
}

const { SOL_SOCKET, IPPROTO_IP, IPPROTO_IPV6 } = c;
const isOfIpv6 = ({ family }: SocketAddress) => family === "ipv6";

/** Of several with one name, the first that is for a value writes it. */
const list: readonly ControlKind[] = [
  kind("descriptors", SOL_SOCKET, c.SCM_RIGHTS, descriptors),
  kind("credentials", SOL_SOCKET, c.SCM_CREDENTIALS, credentials),
  kind("pidfd", SOL_SOCKET, c.SCM_PIDFD, integer(-4095)),
  kind("security", SOL_SOCKET, c.SCM_SECURITY, text),
  kind("packetInfo", IPPROTO_IPV6, c.IPV6_PKTINFO, packetInfo6, isIpv6),
  kind("packetInfo", IPPROTO_IP, c.IP_PKTINFO, packetInfo4),
  kind("ttl", IPPROTO_IP, c.IP_TTL, integer(0, 255)),
  kind("hopLimit", IPPROTO_IPV6, c.IPV6_HOPLIMIT, integer(-1, 255)),
  kind("tos", IPPROTO_IP, c.IP_TOS, byte),
  kind("trafficClass", IPPROTO_IPV6, c.IPV6_TCLASS, integer(-1, 255)),
  kind("segmentSize", c.IPPROTO_UDP, c.UDP_SEGMENT, short),
  kind("segmentSize", c.IPPROTO_UDP, c.UDP_GRO, integer()),
  kind("mark", SOL_SOCKET, c.SO_MARK, unsigned),
  kind("priority", SOL_SOCKET, c.SO_PRIORITY, unsigned),
  kind("sendTime", SOL_SOCKET, c.SCM_TXTIME, long),
  kind("timestamp", SOL_SOCKET, c.SO_TIMESTAMPNS, exactTime),
  kind("timestamp", SOL_SOCKET, c.SO_TIMESTAMP, microTime),
  kind("timestamps", SOL_SOCKET, c.SO_TIMESTAMPING, timestamps),
  kind("dropped", SOL_SOCKET, c.SO_RXQ_OVFL, unsigned),
  kind("queued", c.IPPROTO_TCP, c.TCP_CM_INQ, integer()),
  kind("queued", SOL_SOCKET, c.SCM_INQ, integer()),
  kind("originalAddress", IPPROTO_IPV6, c.IPV6_ORIGDSTADDR, address(c.sockaddrIn6.size), isOfIpv6),
  kind("originalAddress", IPPROTO_IP, c.IP_ORIGDSTADDR, address(c.sockaddrIn.size)),
  kind("fragmentSize", IPPROTO_IP, c.IP_RECVFRAGSIZE, integer()),
  kind("fragmentSize", IPPROTO_IPV6, c.IPV6_RECVFRAGSIZE, integer()),
  kind("netlinkGroup", c.SOL_NETLINK, c.NETLINK_PKTINFO, unsigned),
  kind("error", IPPROTO_IP, c.IP_RECVERR, extendedError),
  kind("error", IPPROTO_IPV6, c.IPV6_RECVERR, extendedError),
  kind("error", c.SOL_PACKET, c.PACKET_TX_TIMESTAMP, extendedError),
];

/** What can be said. */
export const names: readonly string[] = [...new Set(list.map(({ name }) => name))];

/** The kind that writes a value. */
export function kindFor(name: string, value: unknown): ControlKind {
  return list.find((kind) => kind.name === name && kind.isFor(value))!;
}

/** A number for each pair of numbers. */
const keyOf = (level: number, type: number) => level * 2 ** 32 + type;
const byNumbers = new Map(list.map((kind) => [keyOf(kind.level, kind.type), kind]));

/** The kind of a control message, if it has a name. */
export function kindOf({ level, type }: ControlMessage): ControlKind | undefined {
  return byNumbers.get(keyOf(level, type));
}

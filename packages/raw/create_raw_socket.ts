import {
  type AddressLike,
  bind,
  connect,
  type Protocol,
  setOptions,
  type SettableOptions,
  socket,
} from "@posixly/socket";
import { requireBoolean, requireInteger, requireKnown, requireName } from "@posixly/sys";
import { filterOf, setIcmpTypes } from "./icmp_types.ts";
import { nameOf } from "./interface_name.ts";
import { rawAddress } from "./raw_address.ts";
import { permitted } from "./raw_access_error.ts";
import { RawSocket } from "./raw_socket.ts";

/**
 * What packets are received with, and where the socket is; of raw and of ping sockets.
 *
 * @example Usage
 * ```ts
 * import { pingSocket, rawSocket, type RawSocketAsks } from "@posixly/raw";
 *
 * const all: RawSocketAsks = { receiveTtl: true, receiveDestination: true, receiveTimestamp: true };
 * const open = (raw: boolean) => raw ? rawSocket("ipv6", "icmpv6", all) : pingSocket("ipv6", all);
 * ```
 */
export interface RawSocketAsks {
  /** Whether packets come with their TTL or hop limit: `IP_RECVTTL`, `IPV6_RECVHOPLIMIT`. */
  readonly receiveTtl?: boolean;
  /** Whether they come with whom they were for, and by which interface: `IP_PKTINFO`. */
  readonly receiveDestination?: boolean;
  /** Whether they come with the time that the kernel had them, to the nanosecond: `SO_TIMESTAMPNS`. */
  readonly receiveTimestamp?: boolean;
  /** The name or the index of the one interface that it sends and receives by: `SO_BINDTODEVICE`. */
  readonly interface?: string | number;
  /** The host that it sends from, and gets packets for; by default any of ours: bind(2). */
  readonly address?: AddressLike;
  /** The one host it talks to: packets of others do not come, connect(2). */
  readonly peer?: AddressLike;
  /** Other options, set before it gets its address. */
  readonly options?: Partial<SettableOptions>;
}

/**
 * What kind of raw socket, see {@linkcode rawSocket}.
 *
 * @example Only answers to pings
 * ```ts
 * import { rawSocket, type RawSocketOptions } from "@posixly/raw";
 *
 * const ECHO_REPLY = 0;
 * const answers: RawSocketOptions = { icmpTypes: [ECHO_REPLY] };
 * const open = () => rawSocket("ipv4", "icmp", answers);
 * ```
 */
export interface RawSocketOptions extends RawSocketAsks {
  /** Whether what is sent begins with a header of IP: `IP_HDRINCL`, `IPV6_HDRINCL` (Linux 4.5). */
  readonly headerIncluded?: boolean;
  /**
   * Where in what is sent and received over IPv6 the kernel computes and checks a checksum with the
   * pseudo header, an even number; with ICMPv6 it does so in any case: `IPV6_CHECKSUM`.
   */
  readonly checksumOffset?: number;
  /**
   * Which types of ICMP come, the others do not. Over IPv4 types from 32 on cannot be kept out:
   * `ICMP_FILTER`, `ICMP6_FILTER`.
   */
  readonly icmpTypes?: readonly number[];
}

/** The names of {@linkcode RawSocketAsks}. */
export const asks: readonly string[] = [
  "receiveTtl",
  "receiveDestination",
  "receiveTimestamp",
  "interface",
  "address",
  "peer",
  "options",
];

/**
 * A raw socket, raw(7): sends and receives packets of a protocol of IP, of which the kernel
 * understands nothing, or its header alone. The kernel goes on to do what it does with such
 * packets: it answers pings, and resets connections of TCP that it does not know.
 *
 * Protocol `raw` (255) has `headerIncluded` from the beginning and is for sending: packets of any
 * protocol go out, but only those of protocol 255 come in. To see everything, take
 * {@linkcode packetSocket}.
 *
 * @param family `ipv4` or `ipv6`
 * @param protocol Which protocol, such as `icmp`, or its number
 * @param options What it is told by and where it is
 * @returns The socket
 * @throws {RawAccessError} `EPERM` if we lack `CAP_NET_RAW`; it says what to do
 * @throws {SyscallError} `EINVAL` if the protocol is none, or has its checksum elsewhere; `ENODEV` if
 * there is no such interface, `EADDRNOTAVAIL` if this machine has no such address
 * @throws {TypeError | RangeError} If there is no such family or protocol, or an option is not as
 * described
 *
 * @example A ping, made by hand
 * ```ts network
 * import { rawSocket } from "@posixly/raw";
 * import assert from "node:assert/strict";
 *
 * const ECHO_REPLY = 0;
 * using socket = rawSocket("ipv4", "icmp", { icmpTypes: [ECHO_REPLY], receiveTtl: true });
 * const request = new Uint8Array([8, 0, 0xe5, 0xca, 0x12, 0x34, 0, 1]); // with its checksum
 * await socket.send(request, "127.0.0.1");
 *
 * const { bytes, ttl } = await socket.receive({ timeout: 5000 });
 * assert.deepEqual([...bytes.subarray(20)], [0, 0, 0xed, 0xca, 0x12, 0x34, 0, 1]);
 * assert.equal(ttl, 64);
 * ```
 */
export function rawSocket(
  family: "ipv4" | "ipv6",
  protocol: Protocol | number,
  options: RawSocketOptions = {},
): RawSocket {
  requireName(["ipv4", "ipv6"], family, "family");
  requireKnown(options, [...asks, "headerIncluded", "checksumOffset", "icmpTypes"]);
  const own = ownOptions(family, options);
  const filter = options.icmpTypes;
  if (filter !== undefined) filterOf(family, filter);
  return prepared(
    family,
    options,
    own,
    () => new RawSocket(permitted("raw", () => socket(family, "raw", protocol)).release()),
    (created) => filter !== undefined && setIcmpTypes(created, family, filter),
  );
}

function ownOptions(
  family: "ipv4" | "ipv6",
  { headerIncluded, checksumOffset }: RawSocketOptions,
): Partial<SettableOptions> {
  requireBoolean(headerIncluded, "headerIncluded");
  if (checksumOffset !== undefined) {
    if (family === "ipv4") throw new TypeError("checksumOffset is for ipv6 alone");
    requireInteger(checksumOffset, "checksumOffset", 0, 65_534);
    if (checksumOffset % 2 !== 0) {
      throw new RangeError(`checksumOffset must be even, not ${checksumOffset}`);
    }
  }
  return family === "ipv4"
    ? { ipHeaderIncluded: headerIncluded }
    : { ipv6HeaderIncluded: headerIncluded, ipv6Checksum: checksumOffset };
}

/** Makes a socket and sets what raw and ping sockets have in common; closes it if that fails. */
export function prepared<S extends RawSocket>(
  family: "ipv4" | "ipv6",
  asks: RawSocketAsks,
  own: Partial<SettableOptions>,
  make: () => S,
  then: (created: S) => void = () => {},
): S {
  const { receiveTtl, receiveDestination, receiveTimestamp, address, peer } = asks;
  requireBoolean(receiveTtl, "receiveTtl");
  requireBoolean(receiveDestination, "receiveDestination");
  requireBoolean(receiveTimestamp, "receiveTimestamp");
  const asked = family === "ipv4"
    ? { ipReceiveTtl: receiveTtl, ipPacketInfo: receiveDestination }
    : { ipv6ReceiveHopLimit: receiveTtl, ipv6PacketInfo: receiveDestination };
  const at = address === undefined ? undefined : rawAddress(address, family);
  const to = peer === undefined ? undefined : rawAddress(peer, family);
  const bindToDevice = nameOf(asks.interface);
  const created = make();
  try {
    setOptions(created, { ...asked, timestampNs: receiveTimestamp, bindToDevice, ...own });
    setOptions(created, asks.options ?? {});
    then(created);
    if (at !== undefined) bind(created, at);
    if (to !== undefined) connect(created, to);
    return created;
  } catch (error) {
    created.close();
    throw error;
  }
}

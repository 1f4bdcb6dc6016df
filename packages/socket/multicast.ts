import { type AsFd, fdOf } from "@posixly/fd";
import { type Bytes, ok, requireInteger, requireKnown, show } from "@posixly/sys";
import { interfaceIndex } from "./interfaces.ts";
import { parseIpv4 } from "./ipv4.ts";
import { parseIpv6 } from "./ipv6.ts";
import * as c from "./libc.ts";
import { encodeAddress } from "./sockaddr.ts";
import { socketLevel } from "./socket_level.ts";

/**
 * Which network, and whom to hear, see {@linkcode joinGroup}.
 *
 * @example Usage
 * ```ts
 * import { joinGroup, type MembershipOptions, socket } from "@posixly/socket";
 *
 * const options: MembershipOptions = { interface: "lo", source: "127.0.0.1" };
 * using udp = socket("ipv4", "datagram");
 * joinGroup(udp, "232.1.2.3", options);
 * ```
 */
export interface MembershipOptions {
  /**
   * The interface of the network in question: its index, its name, or, for IPv4, an address that
   * it has. By default the one that the routes lead the group's packets to.
   */
  readonly interface?: number | string;
  /** The address that alone is heard; by default everyone is. */
  readonly source?: string;
}

/**
 * Joins a group: packets to its address come, from one network. For several networks, join on each
 * of them.
 *
 * With a `source` only what that one sends to the group comes, and the network need not bring
 * anything else (source-specific multicast; 232.0.0.0/8 and ff3x::/32 are made for it). Join once
 * for each source.
 *
 * A socket is bound to a port to receive; what comes is for all members on that port. Unless
 * `ipMulticastAll` is turned off, it also hears groups that others on this machine have joined.
 *
 * @param fd The socket, of datagrams as a rule; one over IPv6 may join groups of both families
 * @param group The group's address, in 224.0.0.0/4 or ff00::/8
 * @param options Which network, and whom to hear
 * @throws {SyscallError} `EADDRINUSE` if it is a member, `ENODEV` if there is no such interface,
 * or none by default, `EINVAL` if it is no group's address, or it is a member for all sources or
 * for some already, `ENOBUFS` if it is in too many groups (`net.ipv4.igmp_max_memberships`, 20)
 * or hears too many sources (`net.ipv4.igmp_max_msf`, 10)
 * @throws {TypeError} If `group` or `source` is no address, they are of two families, or an option
 * is misspelt
 *
 * @example Usage
 * ```ts
 * import {
 *   bind,
 *   joinGroup,
 *   localAddress,
 *   receive,
 *   sendTo,
 *   setMulticastInterface,
 *   setOptions,
 *   socket,
 * } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * using listener = socket("ipv4", "datagram");
 * setOptions(listener, { reuseAddress: true }); // there may be others on the same port
 * bind(listener, "0.0.0.0:0");
 * joinGroup(listener, "239.1.2.3", { interface: "lo" });
 *
 * using sender = socket("ipv4", "datagram");
 * setMulticastInterface(sender, "lo");
 * const { port } = localAddress(listener) as { port: number };
 * sendTo(sender, new Uint8Array([1, 2, 3]), `239.1.2.3:${port}`);
 * assert.equal(receive(listener, new Uint8Array(16)), 3);
 * ```
 */
export function joinGroup(fd: AsFd, group: string, options: MembershipOptions = {}): void {
  change(fd, options.source === undefined ? "join" : "joinSource", group, options);
}

/**
 * Leaves a group, in the same network and for the same source as it was joined. Closing the socket
 * does so, too.
 *
 * @param fd The socket
 * @param group The group's address
 * @param options Which network, and whom it heard
 * @throws {SyscallError} `EADDRNOTAVAIL` if it is no member, `ENODEV` if there is no such interface
 * @throws {TypeError} If `group` or `source` is no address, they are of two families, or an option
 * is misspelt
 *
 * @example Usage
 * ```ts
 * import { joinGroup, leaveGroup, socket } from "@posixly/socket";
 *
 * using udp = socket("ipv4", "datagram");
 * joinGroup(udp, "239.1.2.3", { interface: "127.0.0.1" });
 * leaveGroup(udp, "239.1.2.3", { interface: "127.0.0.1" });
 * ```
 */
export function leaveGroup(fd: AsFd, group: string, options: MembershipOptions = {}): void {
  change(fd, options.source === undefined ? "leave" : "leaveSource", group, options);
}

/**
 * Hears no more of one source in a group that was joined for all.
 *
 * @param fd The socket, a member of the group
 * @param group The group's address
 * @param source The address that is not heard
 * @param options Which network, by its interface
 * @throws {SyscallError} `EINVAL` or `EADDRNOTAVAIL` if it is no member, or not for all sources,
 * or hears nothing of that source already; `ENOBUFS` if there are too many; `ENODEV` if there is
 * no such interface
 * @throws {TypeError} If one is no address, or they are of two families
 *
 * @example Usage
 * ```ts
 * import { blockSource, joinGroup, socket, unblockSource } from "@posixly/socket";
 *
 * using udp = socket("ipv4", "datagram");
 * joinGroup(udp, "239.1.2.3", { interface: "lo" });
 * blockSource(udp, "239.1.2.3", "127.0.0.66", { interface: "lo" });
 * unblockSource(udp, "239.1.2.3", "127.0.0.66", { interface: "lo" });
 * ```
 */
export function blockSource(
  fd: AsFd,
  group: string,
  source: string,
  options: Omit<MembershipOptions, "source"> = {},
): void {
  requireKnown(options, ["interface"]);
  change(fd, "block", group, { ...options, source });
}

/**
 * Hears again of a source that was blocked, see {@linkcode blockSource}.
 *
 * @param fd The socket, a member of the group
 * @param group The group's address
 * @param source The address that is heard again
 * @param options Which network, by its interface
 * @throws {SyscallError} `EINVAL` or `EADDRNOTAVAIL` if it was not blocked, `ENODEV` if there is no
 * such interface
 * @throws {TypeError} If one is no address, or they are of two families
 *
 * @example Usage
 * ```ts
 * import { blockSource, joinGroup, socket, unblockSource } from "@posixly/socket";
 *
 * using udp = socket("ipv4", "datagram");
 * joinGroup(udp, "239.1.2.3", { interface: "lo" });
 * blockSource(udp, "239.1.2.3", "127.0.0.66", { interface: "lo" });
 * unblockSource(udp, "239.1.2.3", "127.0.0.66", { interface: "lo" });
 * ```
 */
export function unblockSource(
  fd: AsFd,
  group: string,
  source: string,
  options: Omit<MembershipOptions, "source"> = {},
): void {
  requireKnown(options, ["interface"]);
  change(fd, "unblock", group, { ...options, source });
}

/**
 * Chooses the network that packets to groups are sent to, `IP_MULTICAST_IF` of ip(7) or
 * `IPV6_MULTICAST_IF` of ipv6(7). Otherwise the routes do.
 *
 * @param fd The socket
 * @param chosen The interface of that network: its index, its name, or, for IPv4, an address that
 * it has; 0 leaves it to the routes again
 * @throws {SyscallError} `ENODEV` or `EADDRNOTAVAIL` if there is no such interface, `EINVAL` or
 * `EOPNOTSUPP` if the socket knows no groups, as one of TCP
 * @throws {TypeError | RangeError} If it is no interface
 *
 * @example Usage
 * ```ts
 * import { setMulticastInterface, socket } from "@posixly/socket";
 *
 * using udp = socket("ipv6", "datagram");
 * setMulticastInterface(udp, "lo");
 * ```
 */
export function setMulticastInterface(fd: AsFd, chosen: number | string): void {
  const number = fdOf(fd);
  const isIpv6 = socketLevel(number, c.SO_DOMAIN) === c.AF_INET6;
  const local = isIpv6 ? null : addressOf(chosen);
  const imr_ifindex = local === null ? indexOf(chosen) : 0;
  if (isIpv6) {
    set(number, c.IPPROTO_IPV6, c.IPV6_MULTICAST_IF, Int32Array.of(imr_ifindex), String(chosen));
  } else {
    const value = c.ipMreqn.encode({ imr_address: local ?? undefined, imr_ifindex });
    set(number, c.IPPROTO_IP, c.IP_MULTICAST_IF, value, String(chosen));
  }
}

type Deed = "join" | "leave" | "joinSource" | "leaveSource" | "block" | "unblock";

/** Of both families, on an interface by its index. */
const byIndex: Readonly<Record<Deed, number>> = {
  join: c.MCAST_JOIN_GROUP,
  leave: c.MCAST_LEAVE_GROUP,
  joinSource: c.MCAST_JOIN_SOURCE_GROUP,
  leaveSource: c.MCAST_LEAVE_SOURCE_GROUP,
  block: c.MCAST_BLOCK_SOURCE,
  unblock: c.MCAST_UNBLOCK_SOURCE,
};

/** Of IPv4, on an interface by one of its addresses. */
const byAddress: Readonly<Record<Deed, number>> = {
  join: c.IP_ADD_MEMBERSHIP,
  leave: c.IP_DROP_MEMBERSHIP,
  joinSource: c.IP_ADD_SOURCE_MEMBERSHIP,
  leaveSource: c.IP_DROP_SOURCE_MEMBERSHIP,
  block: c.IP_BLOCK_SOURCE,
  unblock: c.IP_UNBLOCK_SOURCE,
};

function change(fd: AsFd, deed: Deed, group: string, options: MembershipOptions): void {
  const number = fdOf(fd);
  requireKnown(options, ["interface", "source"]);
  const { interface: via = 0, source } = options;
  const family = requireFamily(group, "group");
  if (source !== undefined && requireFamily(source, "source") !== family) {
    throw new TypeError(`source must be of ${family}, as group is, not ${source}`);
  }
  const level = family === "ipv4" ? c.IPPROTO_IP : c.IPPROTO_IPV6;
  const local = family === "ipv4" ? addressOf(via) : null;
  if (local === null) {
    set(number, level, byIndex[deed], requestByIndex(family, indexOf(via), group, source), group);
  } else {
    set(number, level, byAddress[deed], requestByAddress(local, group, source), group);
  }
}

type Family = "ipv4" | "ipv6";

function requireFamily(host: string, name: string): Family {
  if (typeof host === "string") {
    if (parseIpv4(host) !== null) return "ipv4";
    if (parseIpv6(host) !== null) return "ipv6";
  }
  throw new TypeError(`${name} must be an address, such as 239.1.2.3, not ${show(host)}`);
}

function requestByIndex(family: Family, index: number, group: string, source?: string) {
  const storage = (host: string) => ({ _ss: encodeAddress({ family, host, port: 0 }) });
  return source === undefined
    ? c.groupReq.encode({ gr_interface: index, gr_group: storage(group) })
    : c.groupSourceReq.encode({
      gsr_interface: index,
      gsr_group: storage(group),
      gsr_source: storage(source),
    });
}

function requestByAddress(local: Uint8Array, group: string, source?: string) {
  const imr_multiaddr = parseIpv4(group)!;
  return source === undefined
    ? c.ipMreqn.encode({ imr_multiaddr, imr_address: local })
    : c.ipMreqSource.encode({
      imr_multiaddr,
      imr_interface: local,
      imr_sourceaddr: parseIpv4(source)!,
    });
}

/** The address of IPv4 that an interface is meant by, if it is. */
function addressOf(via: number | string): Uint8Array | null {
  return typeof via === "string" ? parseIpv4(via) : null;
}

function indexOf(via: number | string): number {
  return typeof via === "string" ? interfaceIndex(via) : requireInteger(via, "interface");
}

function set(fd: number, level: number, option: number, value: Bytes, address: string): void {
  const result = c.libc.setsockopt(fd, level, option, value, value.byteLength);
  ok(result, "setsockopt", { fd, address });
}

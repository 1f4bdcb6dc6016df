import { requireInteger, requireKnown } from "@posixly/sys";
import * as c from "./libc.ts";
import { type FactTable, optionsOf, type OptionTable } from "./option.ts";
import { flag, integer, interfaceIndex, type Kind, named } from "./option_kind.ts";

/**
 * What is done about packets that are larger than some network on the way takes, ip(7).
 *
 * - `dont`: they are cut into fragments there
 * - `want`: as the route says; the kernel finds out the size, and cuts here
 * - `do`: never cut; sending more than fits fails with `EMSGSIZE`
 * - `probe`: never cut, and sent whatever the kernel has found out, to find out for oneself
 * - `interface`: never cut there; only the size of the interface counts, not what others claim
 * - `omit`: as `interface`, but cut here
 *
 * @example Usage
 * ```ts
 * import { type MtuDiscovery, setOptions, socket } from "@posixly/socket";
 *
 * const never: MtuDiscovery = "do";
 * using udp = socket("ipv4", "datagram");
 * setOptions(udp, { ipMtuDiscover: never });
 * ```
 */
export type MtuDiscovery = "dont" | "want" | "do" | "probe" | "interface" | "omit";

export const mtuDiscoveries: Readonly<Record<MtuDiscovery, number>> = {
  dont: c.IP_PMTUDISC_DONT,
  want: c.IP_PMTUDISC_WANT,
  do: c.IP_PMTUDISC_DO,
  probe: c.IP_PMTUDISC_PROBE,
  interface: c.IP_PMTUDISC_INTERFACE,
  omit: c.IP_PMTUDISC_OMIT,
};

/**
 * Ports from one to another, both among them. The system's own are those of
 * `/proc/sys/net/ipv4/ip_local_port_range`.
 *
 * @example Usage
 * ```ts
 * import { type PortRange, setOptions, socket } from "@posixly/socket";
 *
 * const ours: PortRange = { first: 40_000, last: 49_999 };
 * using tcp = socket("ipv4", "stream");
 * setOptions(tcp, { ipLocalPortRange: ours });
 * ```
 */
export interface PortRange {
  /** The lowest, or 0 for what the system says. */
  readonly first: number;
  /** The highest, or 0 for what the system says. */
  readonly last: number;
}

/**
 * Options of sockets over IPv4, ip(7), to be read and set. A socket over IPv6 has them, too, for
 * the packets of IPv4 that go through it.
 *
 * @example Stay in this network
 * ```ts
 * import { type IpOptions, setOptions, socket } from "@posixly/socket";
 *
 * const near: Partial<IpOptions> = { ipTtl: 1, ipTos: 0x10 };
 * using udp = socket("ipv4", "datagram");
 * setOptions(udp, near);
 * ```
 */
export interface IpOptions {
  /** How many routers a packet may pass, 1 to 255; -1 sets what the system has: `IP_TTL`. */
  readonly ipTtl: number;
  /** The class of a packet, 8 bits; those of a stream's last two are the kernel's: `IP_TOS`. */
  readonly ipTos: number;
  /** Packets come only if they have passed few routers: at least this `ipTtl`: `IP_MINTTL`. */
  readonly ipMinTtl: number;
  /** What is done about packets that are too large: `IP_MTU_DISCOVER`. */
  readonly ipMtuDiscover: MtuDiscovery | number;
  /** It may be bound to an address that is not, or not yet, here: `IP_FREEBIND`. */
  readonly ipFreeBind: boolean;
  /** It may take connections to, and send from, any address; `CAP_NET_ADMIN`: `IP_TRANSPARENT`. */
  readonly ipTransparent: boolean;
  /** `bind` to port 0 leaves the port to `connect`: `IP_BIND_ADDRESS_NO_PORT`. */
  readonly ipBindAddressNoPort: boolean;
  /** The ports that the kernel chooses from: `IP_LOCAL_PORT_RANGE`. Since Linux 6.3. */
  readonly ipLocalPortRange: PortRange;
  /** The index of the interface to send by; 0 leaves it to the routes: `IP_UNICAST_IF`. */
  readonly ipUnicastInterface: number;
  /**
   * How many routers a packet to a group may pass, 0 to 255; 1 by default, which -1 sets again:
   * `IP_MULTICAST_TTL`.
   */
  readonly ipMulticastTtl: number;
  /** What is sent to a group comes back to this machine's members: `IP_MULTICAST_LOOP`. */
  readonly ipMulticastLoop: boolean;
  /**
   * Packets to any group that anyone here has joined come, not only to those that this socket
   * has: `IP_MULTICAST_ALL`, on by default.
   */
  readonly ipMulticastAll: boolean;
  /** Messages come with where they were sent to, and by which interface: `IP_PKTINFO`. */
  readonly ipPacketInfo: boolean;
  /** Messages come with the `ipTtl` they have left: `IP_RECVTTL`. */
  readonly ipReceiveTtl: boolean;
  /** Messages come with their `ipTos`: `IP_RECVTOS`. */
  readonly ipReceiveTos: boolean;
  /** Messages come with the options in their headers: `IP_RECVOPTS`. */
  readonly ipReceiveOptions: boolean;
  /** Messages come with the address they were sent to first: `IP_RECVORIGDSTADDR`. */
  readonly ipReceiveOriginalAddress: boolean;
  /** Messages come with the size of their largest fragment: `IP_RECVFRAGSIZE`. */
  readonly ipReceiveFragmentSize: boolean;
  /** Datagrams come with their checksum: `IP_CHECKSUM`. */
  readonly ipReceiveChecksum: boolean;
  /** Errors of the network are kept in the error queue: `IP_RECVERR`. */
  readonly ipReceiveError: boolean;
  /** They come with what of the packet follows, rfc4884: `IP_RECVERR_RFC4884`. Since Linux 5.9. */
  readonly ipReceiveErrorExtensions: boolean;
  /** Of a raw socket: we write the header of IP ourselves: `IP_HDRINCL`. */
  readonly ipHeaderIncluded: boolean;
  /** Of a raw socket: what it sends is not put together on the way out: `IP_NODEFRAG`. */
  readonly ipNoDefragment: boolean;
}

/**
 * What there is to know of a socket over IPv4, ip(7), besides its options.
 *
 * @example Usage
 * ```ts
 * import { connect, getOption, type IpFacts, socket } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * using udp = socket("ipv4", "datagram");
 * connect(udp, "127.0.0.1:9");
 * const mtu: IpFacts["ipMtu"] = getOption(udp, "ipMtu");
 * assert.ok(mtu >= 576);
 * ```
 */
export interface IpFacts {
  /** Bytes that a packet to the peer may have, as far as is known; it takes one: `IP_MTU`. */
  readonly ipMtu: number;
}

const PORT_MAX = 0xffff;
const portRange: Kind<PortRange> = {
  size: 4,
  encode(value, name) {
    requireKnown(value, ["first", "last"]);
    const { first, last } = value;
    requireInteger(first, `${name}.first`, 0, PORT_MAX);
    requireInteger(last, `${name}.last`, 0, PORT_MAX);
    return new Uint8Array(Uint16Array.of(first, last).buffer);
  },
  decode(bytes) {
    const [first, last] = new Uint16Array(bytes.slice().buffer);
    return { first, last };
  },
};

const option = optionsOf(c.IPPROTO_IP);

export const ipOptions: OptionTable<IpOptions> = {
  ipTtl: option(c.IP_TTL, integer(-1, 255)),
  ipTos: option(c.IP_TOS, integer(0, 255)),
  ipMinTtl: option(c.IP_MINTTL, integer(0, 255)),
  ipMtuDiscover: option(c.IP_MTU_DISCOVER, named(mtuDiscoveries)),
  ipFreeBind: option(c.IP_FREEBIND, flag),
  ipTransparent: option(c.IP_TRANSPARENT, flag),
  ipBindAddressNoPort: option(c.IP_BIND_ADDRESS_NO_PORT, flag),
  ipLocalPortRange: option(c.IP_LOCAL_PORT_RANGE, portRange, "6.3"),
  ipUnicastInterface: option(c.IP_UNICAST_IF, interfaceIndex),
  ipMulticastTtl: option(c.IP_MULTICAST_TTL, integer(-1, 255)),
  ipMulticastLoop: option(c.IP_MULTICAST_LOOP, flag),
  ipMulticastAll: option(c.IP_MULTICAST_ALL, flag),
  ipPacketInfo: option(c.IP_PKTINFO, flag),
  ipReceiveTtl: option(c.IP_RECVTTL, flag),
  ipReceiveTos: option(c.IP_RECVTOS, flag),
  ipReceiveOptions: option(c.IP_RECVOPTS, flag),
  ipReceiveOriginalAddress: option(c.IP_RECVORIGDSTADDR, flag),
  ipReceiveFragmentSize: option(c.IP_RECVFRAGSIZE, flag),
  ipReceiveChecksum: option(c.IP_CHECKSUM, flag),
  ipReceiveError: option(c.IP_RECVERR, flag),
  ipReceiveErrorExtensions: option(c.IP_RECVERR_RFC4884, flag, "5.9"),
  ipHeaderIncluded: option(c.IP_HDRINCL, flag),
  ipNoDefragment: option(c.IP_NODEFRAG, flag),
};

export const ipFacts: FactTable<IpFacts> = {
  ipMtu: option(c.IP_MTU, integer()),
};

import { mtuDiscoveries, type MtuDiscovery } from "./ip_options.ts";
import * as c from "./libc.ts";
import { optionsOf, type OptionTable } from "./option.ts";
import { flag, integer, interfaceIndex, named } from "./option_kind.ts";

/**
 * Options of sockets over IPv6, ipv6(7), to be read and set.
 *
 * @example Both families on one port
 * ```ts
 * import { bind, type Ipv6Options, setOptions, socket } from "@posixly/socket";
 *
 * const alone: Partial<Ipv6Options> = { ipv6Only: true };
 * using six = socket("ipv6", "stream");
 * setOptions(six, alone); // and the same port of IPv4 stays free
 * bind(six, "[::1]:0");
 * ```
 */
export interface Ipv6Options {
  /** It has nothing to do with IPv4; to be set before `bind`: `IPV6_V6ONLY`. */
  readonly ipv6Only: boolean;
  /** How many routers a packet may pass, 0 to 255; -1 for the default: `IPV6_UNICAST_HOPS`. */
  readonly ipv6HopLimit: number;
  /** The class of a packet, 8 bits; -1 sets 0: `IPV6_TCLASS`. */
  readonly ipv6TrafficClass: number;
  /** Packets come only if they have at least this hop limit left: `IPV6_MINHOPCOUNT`. */
  readonly ipv6MinHopLimit: number;
  /** What is done about packets that are too large: `IPV6_MTU_DISCOVER`. */
  readonly ipv6MtuDiscover: MtuDiscovery | number;
  /**
   * Set, bytes that a packet may have, from 1280; read, what it is on the way to the peer, which
   * takes one: `IPV6_MTU`.
   */
  readonly ipv6Mtu: number;
  /** What is too large is not cut, but fails with `EMSGSIZE`: `IPV6_DONTFRAG`. */
  readonly ipv6DontFragment: boolean;
  /** It may be bound to an address that is not, or not yet, here: `IPV6_FREEBIND`. */
  readonly ipv6FreeBind: boolean;
  /** It may take connections to any address; `CAP_NET_ADMIN`: `IPV6_TRANSPARENT`. */
  readonly ipv6Transparent: boolean;
  /** The index of the interface to send by; 0 leaves it to the routes: `IPV6_UNICAST_IF`. */
  readonly ipv6UnicastInterface: number;
  /** The index of the interface by which packets to groups go: `IPV6_MULTICAST_IF`. */
  readonly ipv6MulticastInterface: number;
  /**
   * How many routers a packet to a group may pass, 0 to 255; 1 by default, which -1 sets again:
   * `IPV6_MULTICAST_HOPS`.
   */
  readonly ipv6MulticastHopLimit: number;
  /** What is sent to a group comes back to this machine's members: `IPV6_MULTICAST_LOOP`. */
  readonly ipv6MulticastLoop: boolean;
  /**
   * Packets to any group that anyone here has joined come, not only to those that this socket
   * has: `IPV6_MULTICAST_ALL`, on by default.
   */
  readonly ipv6MulticastAll: boolean;
  /** Addresses to send from: rather those that change, or not: `IPV6_ADDR_PREFERENCES`. */
  readonly ipv6Source: "temporary" | "public" | "default" | number;
  /** Packets get a flow label of the kernel's choice: `IPV6_AUTOFLOWLABEL`. */
  readonly ipv6AutoFlowLabel: boolean;
  /** Packets have the flow of the address they are sent to: `IPV6_FLOWINFO_SEND`. */
  readonly ipv6SendFlow: boolean;
  /** Messages come with their flow: `IPV6_FLOWINFO`. */
  readonly ipv6ReceiveFlow: boolean;
  /** Messages come with where they were sent to, and by which interface: `IPV6_RECVPKTINFO`. */
  readonly ipv6PacketInfo: boolean;
  /** Messages come with the hop limit they have left: `IPV6_RECVHOPLIMIT`. */
  readonly ipv6ReceiveHopLimit: boolean;
  /** Messages come with their class: `IPV6_RECVTCLASS`. */
  readonly ipv6ReceiveTrafficClass: boolean;
  /** Messages come with the options for every router: `IPV6_RECVHOPOPTS`. */
  readonly ipv6ReceiveHopOptions: boolean;
  /** Messages come with their routing header: `IPV6_RECVRTHDR`. */
  readonly ipv6ReceiveRouting: boolean;
  /** Messages come with the options for their destination: `IPV6_RECVDSTOPTS`. */
  readonly ipv6ReceiveDestinationOptions: boolean;
  /** Messages come with the address they were sent to first: `IPV6_RECVORIGDSTADDR`. */
  readonly ipv6ReceiveOriginalAddress: boolean;
  /** Messages come with the size of their largest fragment: `IPV6_RECVFRAGSIZE`. */
  readonly ipv6ReceiveFragmentSize: boolean;
  /** What is too large on the way is told as a message: `IPV6_RECVPATHMTU`. */
  readonly ipv6ReceivePathMtu: boolean;
  /** Errors of the network are kept in the error queue: `IPV6_RECVERR`. */
  readonly ipv6ReceiveError: boolean;
  /** They come with what of the packet follows: `IPV6_RECVERR_RFC4884`. Since Linux 5.9. */
  readonly ipv6ReceiveErrorExtensions: boolean;
  /** Of a raw socket: we write the header of IPv6 ourselves: `IPV6_HDRINCL`. Since Linux 4.5. */
  readonly ipv6HeaderIncluded: boolean;
  /** Of a raw socket: where in the data the kernel puts a checksum, or -1: `IPV6_CHECKSUM`. */
  readonly ipv6Checksum: number;
}

const sources = {
  temporary: c.IPV6_PREFER_SRC_TMP,
  public: c.IPV6_PREFER_SRC_PUBLIC,
  default: c.IPV6_PREFER_SRC_PUBTMP_DEFAULT,
};

/** The kernel answers with its choice of other kinds of addresses, too. */
const source = {
  ...named(sources),
  decode: (bytes: Uint8Array) => named(sources).decode(bytes.map((byte, i) => byte & [3, 1][i])),
};

const option = optionsOf(c.IPPROTO_IPV6);

export const ipv6Options: OptionTable<Ipv6Options> = {
  ipv6Only: option(c.IPV6_V6ONLY, flag),
  ipv6HopLimit: option(c.IPV6_UNICAST_HOPS, integer(-1, 255)),
  ipv6TrafficClass: option(c.IPV6_TCLASS, integer(-1, 255)),
  ipv6MinHopLimit: option(c.IPV6_MINHOPCOUNT, integer(0, 255)),
  ipv6MtuDiscover: option(c.IPV6_MTU_DISCOVER, named(mtuDiscoveries)),
  ipv6Mtu: option(c.IPV6_MTU, integer()),
  ipv6DontFragment: option(c.IPV6_DONTFRAG, flag),
  ipv6FreeBind: option(c.IPV6_FREEBIND, flag),
  ipv6Transparent: option(c.IPV6_TRANSPARENT, flag),
  ipv6UnicastInterface: option(c.IPV6_UNICAST_IF, interfaceIndex),
  ipv6MulticastInterface: option(c.IPV6_MULTICAST_IF, integer()),
  ipv6MulticastHopLimit: option(c.IPV6_MULTICAST_HOPS, integer(-1, 255)),
  ipv6MulticastLoop: option(c.IPV6_MULTICAST_LOOP, flag),
  ipv6MulticastAll: option(c.IPV6_MULTICAST_ALL, flag),
  ipv6Source: option(c.IPV6_ADDR_PREFERENCES, source),
  ipv6AutoFlowLabel: option(c.IPV6_AUTOFLOWLABEL, flag),
  ipv6SendFlow: option(c.IPV6_FLOWINFO_SEND, flag),
  ipv6ReceiveFlow: option(c.IPV6_FLOWINFO, flag),
  ipv6PacketInfo: option(c.IPV6_RECVPKTINFO, flag),
  ipv6ReceiveHopLimit: option(c.IPV6_RECVHOPLIMIT, flag),
  ipv6ReceiveTrafficClass: option(c.IPV6_RECVTCLASS, flag),
  ipv6ReceiveHopOptions: option(c.IPV6_RECVHOPOPTS, flag),
  ipv6ReceiveRouting: option(c.IPV6_RECVRTHDR, flag),
  ipv6ReceiveDestinationOptions: option(c.IPV6_RECVDSTOPTS, flag),
  ipv6ReceiveOriginalAddress: option(c.IPV6_RECVORIGDSTADDR, flag),
  ipv6ReceiveFragmentSize: option(c.IPV6_RECVFRAGSIZE, flag),
  ipv6ReceivePathMtu: option(c.IPV6_RECVPATHMTU, flag),
  ipv6ReceiveError: option(c.IPV6_RECVERR, flag),
  ipv6ReceiveErrorExtensions: option(c.IPV6_RECVERR_RFC4884, flag, "5.9"),
  ipv6HeaderIncluded: option(c.IPV6_HDRINCL, flag),
  ipv6Checksum: option(c.IPV6_CHECKSUM, integer(-1)),
};

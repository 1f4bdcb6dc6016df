import { oneOf, requireInteger } from "@posixly/sys";
import * as c from "./libc.ts";
import { nameIn } from "./name_in.ts";

const internet = {
  ah: c.IPPROTO_AH,
  dccp: c.IPPROTO_DCCP,
  esp: c.IPPROTO_ESP,
  gre: c.IPPROTO_GRE,
  icmp: c.IPPROTO_ICMP,
  icmpv6: c.IPPROTO_ICMPV6,
  igmp: c.IPPROTO_IGMP,
  mptcp: c.IPPROTO_MPTCP,
  raw: c.IPPROTO_RAW,
  sctp: c.IPPROTO_SCTP,
  tcp: c.IPPROTO_TCP,
  udp: c.IPPROTO_UDP,
  udplite: c.IPPROTO_UDPLITE,
};

/** The protocols of each family that has names for them; the same name may be two numbers. */
const protocols: Readonly<Record<number, Readonly<Record<string, number>>>> = {
  [c.AF_INET]: internet,
  [c.AF_INET6]: internet,
  [c.AF_CAN]: { bcm: c.CAN_BCM, isotp: c.CAN_ISOTP, j1939: c.CAN_J1939, raw: c.CAN_RAW },
  [c.AF_NETLINK]: {
    audit: c.NETLINK_AUDIT,
    connector: c.NETLINK_CONNECTOR,
    generic: c.NETLINK_GENERIC,
    kobjectUevent: c.NETLINK_KOBJECT_UEVENT,
    netfilter: c.NETLINK_NETFILTER,
    route: c.NETLINK_ROUTE,
    sockDiag: c.NETLINK_SOCK_DIAG,
    xfrm: c.NETLINK_XFRM,
  },
  [c.AF_PACKET]: {
    all: c.ETH_P_ALL,
    arp: c.ETH_P_ARP,
    ipv4: c.ETH_P_IP,
    ipv6: c.ETH_P_IPV6,
    vlan: c.ETH_P_8021Q,
  },
};

/**
 * The protocol of a socket. Each family has its own; for any other, pass its number.
 *
 * - `ipv4` and `ipv6`: those of ip(7) and ipv6(7), such as `tcp` and `udp`, and `mptcp` for TCP
 *   over several paths, since Linux 5.6
 * - `netlink`: netlink(7), such as `route` for interfaces and routes
 * - `can`: `raw`, `bcm`, `isotp` since Linux 5.10, `j1939` since Linux 5.4
 * - `packet`: what a frame carries, packet(7), a number as people write it: 0x0800 for IPv4
 *
 * @example Usage
 * ```ts
 * import { type Protocol, socket } from "@posixly/socket";
 *
 * const protocol: Protocol = "route";
 * using routes = socket("netlink", "raw", protocol);
 * ```
 */
export type Protocol =
  | "ah"
  | "all"
  | "arp"
  | "audit"
  | "bcm"
  | "connector"
  | "dccp"
  | "esp"
  | "generic"
  | "gre"
  | "icmp"
  | "icmpv6"
  | "igmp"
  | "ipv4"
  | "ipv6"
  | "isotp"
  | "j1939"
  | "kobjectUevent"
  | "mptcp"
  | "netfilter"
  | "raw"
  | "route"
  | "sctp"
  | "sockDiag"
  | "tcp"
  | "udp"
  | "udplite"
  | "vlan"
  | "xfrm";

/** The number that socket(2) takes for a protocol of a family, checked. */
export function protocolNumber(protocol: Protocol | number, domain: number): number {
  const number = typeof protocol === "number"
    ? requireInteger(protocol, "protocol", 0, 0xffff)
    : oneOf(namedIn(domain), protocol, "protocol");
  // The type of a frame is wanted as the network has it; both processors begin with the other end.
  return domain === c.AF_PACKET ? (number & 0xff) << 8 | number >> 8 : number;
}

function namedIn(domain: number): Readonly<Record<string, number>> {
  if (domain in protocols) return protocols[domain];
  throw new TypeError("protocol must be a number, since this family has no names for them");
}

/** The name of a protocol of a family, if it has one; of packets the kernel never tells it. */
export function protocolName(number: number, domain: number): Protocol | number {
  return nameIn(protocols[domain] ?? {}, number) as Protocol | number;
}

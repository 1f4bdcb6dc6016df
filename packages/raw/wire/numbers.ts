/**
 * What an Ethernet frame carries, as numbers of its type field. Others are kept as they are.
 *
 * @example Usage
 * ```ts
 * import { ethernet, EthernetFrame, etherType, packet } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * const ends = { source: "02:00:00:00:00:01", destination: "02:00:00:00:00:02" };
 * const frame = packet(ethernet({ ...ends, type: etherType.lldp }), new Uint8Array(46));
 * assert.equal(EthernetFrame.parse(frame).type, 0x88cc);
 * ```
 */
export const etherType = {
  ipv4: 0x0800,
  arp: 0x0806,
  wakeOnLan: 0x0842,
  /** IEEE 802.1Q: the tag of a VLAN. */
  vlan: 0x8100,
  ipv6: 0x86dd,
  mplsUnicast: 0x8847,
  mplsMulticast: 0x8848,
  pppoeDiscovery: 0x8863,
  pppoeSession: 0x8864,
  eapol: 0x888e,
  /** IEEE 802.1ad: the tag of a provider, around another. */
  providerVlan: 0x88a8,
  lldp: 0x88cc,
  /** A double tag from before 802.1ad. */
  doubleVlan: 0x9100,
} as const;

/**
 * What an IP packet carries, as numbers of its protocol or next header field. Others are kept as
 * they are.
 *
 * @example Usage
 * ```ts
 * import { ipProtocol, ipv4, Ipv4Packet, packet } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * const ends = { source: "10.0.0.1", destination: "10.0.0.2" };
 * const bytes = packet(ipv4({ ...ends, protocol: ipProtocol.gre }), new Uint8Array(4));
 * assert.equal(Ipv4Packet.parse(bytes).protocol, 47);
 * ```
 */
export const ipProtocol = {
  hopByHop: 0,
  icmp: 1,
  igmp: 2,
  /** IPv4 within IP. */
  ipv4: 4,
  tcp: 6,
  udp: 17,
  /** IPv6 within IP. */
  ipv6: 41,
  routing: 43,
  fragment: 44,
  gre: 47,
  /** The encapsulating security payload; what follows is encrypted. */
  esp: 50,
  authentication: 51,
  icmpv6: 58,
  /** Nothing follows. */
  none: 59,
  destinationOptions: 60,
  ospf: 89,
  pim: 103,
  vrrp: 112,
  sctp: 132,
  udpLite: 136,
} as const;

/**
 * The formats of packets: views that are checked once and copy nothing, and builders that compose.
 * Nothing here touches native code, so it works in any JavaScript runtime, a browser included.
 *
 * @module
 */
export { formatMac, parseMac } from "./addresses.ts";
export { arp, type ArpFields, type ArpLayer, ArpPacket } from "./arp.ts";
export {
  authentication,
  type AuthenticationFields,
  AuthenticationHeader,
  type AuthenticationLayer,
} from "./authentication.ts";
export {
  checksum,
  onesComplementSum,
  pseudoHeader4,
  pseudoHeader6,
  updateChecksum,
} from "./checksum.ts";
export {
  icmpv6Redirect,
  neighborAdvertisement,
  type NeighborAdvertisementFields,
  type NeighborDiscovery,
  neighborSolicitation,
  routerAdvertisement,
  type RouterAdvertisementFields,
  routerSolicitation,
  solicitedNode,
} from "./discovery.ts";
export { dissect, dissectLax, type DissectOptions } from "./dissect.ts";
export { Packet } from "./dissected.ts";
export { type LayerName, WireError, type WireErrorReason } from "./error.ts";
export { ethernet, type EthernetFields, EthernetFrame, type EthernetLayer } from "./ethernet.ts";
export { type FormatOptions, formatPacket } from "./format.ts";
export { fragment } from "./fragment.ts";
export {
  type FragmentFields,
  FragmentHeader,
  fragmentHeader,
  type FragmentLayer,
} from "./fragment_header.ts";
export {
  icmp,
  type IcmpFields,
  type IcmpLayer,
  IcmpMessage,
  type IcmpTimes,
  icmpType,
} from "./icmp.ts";
export {
  icmpEcho,
  icmpParameterProblem,
  icmpRedirect,
  icmpTimeExceeded,
  icmpTimestamp,
  icmpUnreachable,
} from "./icmp_messages.ts";
export {
  icmpv6,
  icmpv6Echo,
  type Icmpv6Fields,
  type Icmpv6Layer,
  Icmpv6Message,
  icmpv6Type,
} from "./icmpv6.ts";
export type { IpPacket } from "./ip.ts";
export { Ipv4Packet } from "./ipv4.ts";
export { ipv4, type Ipv4Fields, type Ipv4Layer } from "./ipv4_layer.ts";
export type { Ipv4Option } from "./ipv4_options.ts";
export { ipv6, type Ipv6Fields, type Ipv6Layer, Ipv6Packet } from "./ipv6.ts";
export type { Ipv6Option } from "./ipv6_options.ts";
export type { Layer } from "./layer.ts";
export type { NeighborOption } from "./neighbor_options.ts";
export { etherType, ipProtocol } from "./numbers.ts";
export type { CommonOption } from "./options.ts";
export {
  DestinationOptions,
  destinationOptions,
  hopByHop,
  HopByHopOptions,
  type OptionsFields,
  OptionsHeader,
  type OptionsLayer,
} from "./options_header.ts";
export { packet, packetInto } from "./packet.ts";
export { quotedPacket } from "./quote.ts";
export { type FragmentCounts, Reassembler, type ReassemblerOptions } from "./reassembler.ts";
export { routing, type RoutingFields, RoutingHeader, type RoutingLayer } from "./routing_header.ts";
export { TcpSegment } from "./tcp.ts";
export type { TcpFlags } from "./tcp_flags.ts";
export { tcp, type TcpFields, type TcpLayer } from "./tcp_layer.ts";
export type { SackBlock, TcpOption } from "./tcp_options.ts";
export { udp, UdpDatagram, type UdpFields, type UdpLayer } from "./udp.ts";
export type { ChecksumStatus } from "./verify.ts";
export { View } from "./view.ts";
export { vlan, type VlanFields, type VlanLayer, VlanTag } from "./vlan.ts";
export { PacketMemory, type PacketMemoryOptions } from "./packet_memory.ts";

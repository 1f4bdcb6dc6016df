import { arpCodec, type ArpLayer } from "./arp.ts";
import { authenticationCodec, type AuthenticationLayer } from "./authentication.ts";
import type { Codec } from "./codec.ts";
import type { LayerName } from "./error.ts";
import { ethernetCodec, type EthernetLayer } from "./ethernet.ts";
import { fragmentCodec, type FragmentLayer } from "./fragment_header.ts";
import { icmpCodec, type IcmpLayer } from "./icmp.ts";
import { icmpv6Codec, type Icmpv6Layer } from "./icmpv6.ts";
import { ipv4Codec, type Ipv4Layer } from "./ipv4_layer.ts";
import { ipv6Codec, type Ipv6Layer } from "./ipv6.ts";
import { optionsCodec, type OptionsLayer } from "./options_header.ts";
import { routingCodec, type RoutingLayer } from "./routing_header.ts";
import { tcpCodec, type TcpLayer } from "./tcp_layer.ts";
import { udpCodec, type UdpLayer } from "./udp.ts";
import { vlanCodec, type VlanLayer } from "./vlan.ts";

/**
 * Any layer as values: a plain object, which may be copied with other fields.
 *
 * @example Usage
 * ```ts
 * import { icmpEcho, ipv4, type Layer, packet } from "@posixly/raw/wire";
 *
 * const layers: Layer[] = [
 *   ipv4({ source: "10.0.0.1", destination: "10.0.0.2" }),
 *   icmpEcho({ id: 1, sequence: 1 }),
 * ];
 * packet(...layers);
 * ```
 */
export type Layer =
  | EthernetLayer
  | VlanLayer
  | ArpLayer
  | Ipv4Layer
  | Ipv6Layer
  | OptionsLayer
  | RoutingLayer
  | FragmentLayer
  | AuthenticationLayer
  | IcmpLayer
  | Icmpv6Layer
  | UdpLayer
  | TcpLayer;

const codecs: { readonly [Name in LayerName]: Codec<Extract<Layer, { layer: Name }>> } = {
  ethernet: ethernetCodec,
  vlan: vlanCodec,
  arp: arpCodec,
  ipv4: ipv4Codec,
  ipv6: ipv6Codec,
  hopByHop: optionsCodec,
  routing: routingCodec,
  destinationOptions: optionsCodec,
  fragment: fragmentCodec,
  authentication: authenticationCodec,
  icmp: icmpCodec,
  icmpv6: icmpv6Codec,
  udp: udpCodec,
  tcp: tcpCodec,
};

/** How a layer becomes bytes; nothing if it is none. */
export function codecOf(layer: Layer): Codec<Layer> | undefined {
  return Object.hasOwn(codecs, layer.layer) ? codecs[layer.layer] as Codec<Layer> : undefined;
}

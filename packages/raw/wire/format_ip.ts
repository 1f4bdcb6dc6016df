import type { AuthenticationHeader } from "./authentication.ts";
import { get16 } from "./bytes.ts";
import type { Packet } from "./dissected.ts";
import type { FragmentHeader } from "./fragment_header.ts";
import { icmpText } from "./format_icmp.ts";
import { icmpv6Text } from "./format_icmpv6.ts";
import { tcpText } from "./format_tcp.ts";
import { unreadText } from "./format_unread.ts";
import type { IpPacket } from "./ip.ts";
import { ipProtocol } from "./numbers.ts";
import type { OptionsHeader } from "./options_header.ts";
import type { RoutingHeader } from "./routing_header.ts";
import type { TcpSegment } from "./tcp.ts";
import type { UdpDatagram } from "./udp.ts";

/** An extension header, whichever. */
type Extension = OptionsHeader | RoutingHeader | FragmentHeader | AuthenticationHeader;

/** The IP packet that is layer `index`, and all that is within it. */
export function formatIp(
  packet: Packet,
  index: number,
  wireLength: number,
  name: string | undefined,
): string {
  const ip = packet.layers[index] as IpPacket;
  const isV4 = ip.layer === "ipv4";
  let text = name ?? (isV4 ? "IP " : "IP6 ");
  text += lostText(ip.payloadEnd + ip.missing - wireLength, isV4);
  const next = packet.layers[index + 1];
  const transport = next?.layer === "udp" || next?.layer === "tcp"
    ? next as UdpDatagram | TcpSegment
    : undefined;
  const ports = transport ?? portsOf(packet, index);
  text += ports
    ? `${ip.source}.${ports.sourcePort} > ${ip.destination}.${ports.destinationPort}: `
    : `${ip.source} > ${ip.destination}: `;
  if (isV4 && ip.isFragment) text += fragmentText(ip.fragmentOffset, lengthIn(ip, ip.payloadStart));
  return text + within(packet, index + 1, ip, wireLength, name, ports !== undefined);
}

function lostText(count: number, isV4: boolean): string {
  return count > 0 ? `truncated-${isV4 ? "ip" : "ip6"} - ${count} bytes missing! ` : "";
}

/** The ports of a header that is not all there, if they are. */
function portsOf({ unread, layers, bytes, isFragment }: Packet, index: number) {
  if (unread === undefined || index !== layers.length - 1 || isFragment) return undefined;
  const { layer, offset, reason, available } = unread;
  const hasPorts = (layer === "tcp" || layer === "udp") && reason === "truncated" && available >= 4;
  if (!hasPorts) return undefined;
  return { sourcePort: get16(bytes, offset), destinationPort: get16(bytes, offset + 2) };
}

/** How many bytes there are, or were, from `start` to the end of the packet. */
function lengthIn(ip: IpPacket, start: number): number {
  return ip.payloadEnd + ip.missing - start;
}

function within(
  packet: Packet,
  from: number,
  ip: IpPacket,
  wireLength: number,
  name: string | undefined,
  hasPorts: boolean,
): string {
  let text = "";
  let protocol = ip.layer === "ipv4" ? ip.protocol : ip.nextHeader;
  let start = ip.payloadStart;
  let isLater = ip.layer === "ipv4" && ip.fragmentOffset > 0;
  for (let i = from; i < packet.layers.length; i++) {
    const view = packet.layers[i];
    switch (view.layer) {
      case "ipv4":
      case "ipv6":
        return text + formatIp(packet, i, wireLength, name);
      case "icmp":
        return text + icmpText(packet.icmp!, lengthIn(ip, view.start));
      case "icmpv6":
        return text + icmpv6Text(packet.icmpv6!, lengthIn(ip, view.start));
      case "tcp":
        return text + portsText(packet.tcp!, hasPorts) +
          tcpText(packet.tcp!, lengthIn(ip, view.payloadStart));
      case "udp":
        return text + portsText(packet.udp!, hasPorts) +
          udpText(packet.udp!, ip, packet.isFragment);
    }
    const extension = view as Extension;
    text += extensionText(extension, ip);
    if (extension.layer === "fragment") isLater = (extension as FragmentHeader).fragmentOffset > 0;
    protocol = extension.nextHeader;
    start = extension.payloadStart;
  }
  if (isLater) return ip.layer === "ipv4" ? `${text}ip-proto-${protocol}` : text.trimEnd();
  if (packet.unread) return text + unreadText(packet.unread);
  if (protocol === ipProtocol.none) return `${text}no next header`;
  return `${text}ip-proto-${protocol} ${lengthIn(ip, start)}`;
}

/** After extension headers, ports are not told with the addresses. */
function portsText(view: UdpDatagram | TcpSegment, isTold: boolean): string {
  return isTold ? "" : `${view.sourcePort} > ${view.destinationPort}: `;
}

function udpText(udp: UdpDatagram, ip: IpPacket, isFragment: boolean): string {
  const there = lengthIn(ip, udp.payloadStart);
  if (udp.lengthUnknown) return `UDP, length ${there}`;
  const length = udp.length - 8;
  return length > there && !isFragment
    ? `UDP, bad length ${length} > ${there}`
    : `UDP, length ${length}`;
}

function fragmentText(offset: number, length: number): string {
  return `frag (${offset}|${length}) `;
}

function extensionText(view: Extension, ip: IpPacket): string {
  switch (view.layer) {
    case "hopByHop":
      return "HBH ";
    case "destinationOptions":
      return "DSTOPT ";
    case "fragment":
      return fragmentText((view as FragmentHeader).fragmentOffset, lengthIn(ip, view.payloadStart));
    case "authentication":
      return authenticationText(view as AuthenticationHeader);
    default:
      return routingText(view as RoutingHeader);
  }
}

function authenticationText({ spi, sequence, icv }: AuthenticationHeader): string {
  const index = spi.toString(16).padStart(8, "0");
  const value = Array.from(icv, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return `AH(spi=0x${index},seq=0x${sequence.toString(16)},icv=0x${value}): `;
}

function routingText({ routingType, segmentsLeft, addresses, header }: RoutingHeader): string {
  const type = routingType === 0 ? "0 [Deprecated]" : `${routingType}`;
  const stops = addresses?.map((address, i) => `, [${i}]${address}`).join("") ?? "";
  return `RT6 (len=${header.length / 8 - 1}, type=${type}, segleft=${segmentsLeft}${stops}) `;
}

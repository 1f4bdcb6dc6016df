import type { Packet } from "./dissected.ts";
import type { IcmpMessage } from "./icmp.ts";
import type { Icmpv6Message } from "./icmpv6.ts";
import type { IpPacket } from "./ip.ts";
import { Ipv4Packet } from "./ipv4.ts";
import { ipProtocol } from "./numbers.ts";
import type { TcpSegment } from "./tcp.ts";
import type { UdpDatagram } from "./udp.ts";
import { fold } from "./word_sum.ts";
import type { View } from "./view.ts";

/**
 * What is known of a checksum: `good`; `bad`; `none` if there is none, which UDP over IPv4 allows;
 * `unknown` if it cannot be told: of a fragment, of a packet that has been cut short, or of one of
 * this host's own that the network card has yet to complete.
 *
 * @example Usage
 * ```ts
 * import { type ChecksumStatus, dissect, ipv4, packet, udp } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * const found = dissect(
 *   packet(
 *     ipv4({ source: "10.0.0.1", destination: "10.0.0.2" }),
 *     udp({ sourcePort: 1, destinationPort: 2, checksum: 0 }),
 *   ),
 *   { link: "ip" },
 * );
 * const statuses: (ChecksumStatus | undefined)[] = found.layers.map((it) => found.checksumOf(it));
 * assert.deepEqual(statuses, ["good", "none"]);
 * ```
 */
export type ChecksumStatus = "good" | "bad" | "none" | "unknown";

/** What is known of the checksum of a layer, if it has one. */
export function statusOf(packet: Packet, view: View): ChecksumStatus | undefined {
  const { ip, tcp, udp, icmp, icmpv6, isFragment } = packet;
  if (view instanceof Ipv4Packet) {
    if (view.verifyChecksum()) return "good";
    return view.lengthUnknown ? "unknown" : "bad";
  }
  const summed = [tcp, udp, icmp, icmpv6].find((each) => each === view);
  if (ip === undefined || summed === undefined) return undefined;
  if (summed === udp && udp.checksum === 0) return ip.layer === "ipv4" ? "none" : "bad";
  if (isFragment || ip.missing > 0 || view.missing > 0) return "unknown";
  if (summed.verifyChecksum(ip)) return "good";
  return summed !== icmp && (ip.lengthUnknown || isPartial(summed, ip)) ? "unknown" : "bad";
}

/**
 * With checksum offload, the kernel leaves the sum of the pseudo header for the card to begin with,
 * and for some cards without the length.
 */
function isPartial(view: Summed, ip: IpPacket): boolean {
  const protocol = ipProtocol[view.layer];
  const length = view.payloadEnd - view.start;
  const { checksum } = view;
  return fold(ip.pseudoHeader(protocol, length)) === checksum ||
    fold(ip.pseudoHeader(protocol, 0)) === checksum;
}

type Summed = TcpSegment | UdpDatagram | IcmpMessage | Icmpv6Message;

import type { ArpPacket } from "./arp.ts";
import type { WireError } from "./error.ts";
import type { EthernetFrame } from "./ethernet.ts";
import type { IcmpMessage } from "./icmp.ts";
import type { Icmpv6Message } from "./icmpv6.ts";
import type { IpPacket } from "./ip.ts";
import type { Ipv4Packet } from "./ipv4.ts";
import type { Ipv6Packet } from "./ipv6.ts";
import type { Layer } from "./layer.ts";
import type { TcpSegment } from "./tcp.ts";
import type { UdpDatagram } from "./udp.ts";
import { type ChecksumStatus, statusOf } from "./verify.ts";
import type { View } from "./view.ts";
import type { VlanTag } from "./vlan.ts";

/**
 * A packet taken apart by `dissect`: views of the layers, where they lie.
 *
 * @example Usage
 * ```ts
 * import { dissect, icmpEcho, ipv4, type Packet, packet } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * const bytes = packet(
 *   ipv4({ source: "10.0.0.1", destination: "10.0.0.2" }),
 *   icmpEcho({ id: 1, sequence: 1 }),
 *   new Uint8Array([7]),
 * );
 * const ping: Packet = dissect(bytes, { link: "ip" });
 * assert.equal(ping.icmp!.sequence, 1);
 * assert.deepEqual(ping.payload, new Uint8Array([7]));
 * assert.deepEqual(packet(...ping.parts()), bytes);
 * ```
 */
export class Packet {
  /** All of it, as it was given. */
  readonly bytes: Uint8Array;
  /** The layers, from the outermost in. */
  readonly layers: View[] = [];
  /** The Ethernet frame. */
  readonly ethernet: EthernetFrame | undefined = undefined;
  /** The tags of VLANs, from the outermost in. */
  readonly vlans: VlanTag[] = [];
  /** The ARP packet. */
  readonly arp: ArpPacket | undefined = undefined;
  /** The IPv4 packet; the outermost, if one is within another. */
  readonly ipv4: Ipv4Packet | undefined = undefined;
  /** The IPv6 packet; the outermost, if one is within another. */
  readonly ipv6: Ipv6Packet | undefined = undefined;
  /** The innermost IP packet: the one whose addresses the checksums of what it carries have. */
  readonly ip: IpPacket | undefined = undefined;
  /** The ICMP message. */
  readonly icmp: IcmpMessage | undefined = undefined;
  /** The ICMPv6 message. */
  readonly icmpv6: Icmpv6Message | undefined = undefined;
  /** The UDP datagram. */
  readonly udp: UdpDatagram | undefined = undefined;
  /** The TCP segment. */
  readonly tcp: TcpSegment | undefined = undefined;
  /** Whether the innermost IP packet is a fragment. */
  readonly isFragment: boolean = false;
  /** What is wrong with it, if anything; then `layers` are those that fit. */
  readonly problem: WireError | undefined = undefined;
  /** The layer that should follow the last of `layers` and could not be read, if any: why not. */
  readonly unread: WireError | undefined = undefined;

  /**
   * Of nothing but bytes; `dissect` finds the rest.
   *
   * @param bytes All of it
   */
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** What the innermost layer carries; not a copy. */
  get payload(): Uint8Array {
    return this.layers.at(-1)?.payload ?? this.bytes;
  }

  /** What comes after the payload, such as the padding of a short frame; not a copy. */
  get trailer(): Uint8Array {
    return this.bytes.subarray(this.layers.at(-1)?.payloadEnd ?? this.bytes.length);
  }

  /**
   * What is known of the checksum of a layer.
   *
   * @param layer One of `layers`
   * @returns Whether it is right, or nothing if the layer has no checksum
   */
  checksumOf(layer: View): ChecksumStatus | undefined {
    return statusOf(this, layer);
  }

  /**
   * All of it as values, lengths and checksums included.
   *
   * @returns What `packet` makes the same bytes of
   */
  parts(): (Layer | Uint8Array)[] {
    const layers = this.layers.map((view) => view.values() as Layer);
    return [...layers, this.payload, this.trailer].filter((part) =>
      !(part instanceof Uint8Array) || part.length > 0
    );
  }
}

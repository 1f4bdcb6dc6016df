import { oneOfNames, requireBytes, requireInteger, requireKnown } from "../arguments.ts";
import { ArpPacket } from "./arp.ts";
import { AuthenticationHeader } from "./authentication.ts";
import { WireError } from "./error.ts";
import { EthernetFrame } from "./ethernet.ts";
import { FragmentHeader } from "./fragment_header.ts";
import { IcmpMessage } from "./icmp.ts";
import { Icmpv6Message } from "./icmpv6.ts";
import { Ipv4Packet } from "./ipv4.ts";
import { Ipv6Packet } from "./ipv6.ts";
import { etherType, ipProtocol } from "./numbers.ts";
import { DestinationOptions, HopByHopOptions } from "./options_header.ts";
import { Packet } from "./dissected.ts";
import { RoutingHeader } from "./routing_header.ts";
import { TcpSegment } from "./tcp.ts";
import { UdpDatagram } from "./udp.ts";
import type { View } from "./view.ts";
import { VlanTag } from "./vlan.ts";

/**
 * How to dissect a packet.
 *
 * @example Usage
 * ```ts
 * import { dissectLax, type DissectOptions } from "@posixly/raw/wire";
 *
 * const options: DissectOptions = { link: "ip" };
 * dissectLax(new Uint8Array(), options);
 * ```
 */
export interface DissectOptions {
  /**
   * What the bytes begin with: an Ethernet frame, which is the default, or an IP packet, whose first
   * bits tell its version if it is not given.
   */
  readonly link?: "ethernet" | "ip" | "ipv4" | "ipv6";
  /** How many layers there may be, nested packets and extension headers included; by default 32. */
  readonly maxLayers?: number;
  /** How many bytes the extension headers of a packet may take; by default 4096. */
  readonly maxExtensionBytes?: number;
}

/**
 * Takes a packet apart, layer by layer, copying nothing. It goes as far as it knows the protocols:
 * what comes after that is the payload. A fragment is not gone into, but for the first.
 *
 * A host sees its own packets before they are complete: without a length, see
 * `Ipv4Packet.lengthUnknown`, and with an unfinished checksum, see `Packet.checksumOf`. Neither is
 * a fault.
 *
 * @param bytes The packet, and nothing else but padding
 * @param options What it begins with
 * @returns Its layers
 * @throws {WireError} If one of them is not what it should be, or not all there
 * @throws {TypeError | RangeError} If an option cannot be
 *
 * @example Usage
 * ```ts
 * import { dissect, ipv4, packet, tcp } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * const bytes = packet(
 *   ipv4({ source: "10.0.0.1", destination: "10.0.0.2" }),
 *   tcp({ sourcePort: 40000, destinationPort: 80, flags: { syn: true } }),
 * );
 * const { ipv4: ip, tcp: segment } = dissect(bytes, { link: "ip" });
 * assert.equal(ip!.source, "10.0.0.1");
 * assert.equal(segment!.destinationPort, 80);
 * assert.ok(segment!.verifyChecksum(ip!));
 * ```
 */
export function dissect(bytes: Uint8Array, options: DissectOptions = {}): Packet {
  const packet = dissectLax(bytes, options);
  if (packet.problem) throw packet.problem;
  return packet;
}

/**
 * The same for packets that may be cut short, or be none: gives the layers that fit, and the first
 * problem.
 *
 * @param bytes The packet
 * @param options What it begins with
 * @returns The layers that fit; `problem` is what is wrong, if anything
 * @throws {TypeError | RangeError} If an option cannot be
 *
 * @example A capture that kept the first 40 bytes
 * ```ts
 * import { dissectLax, ipv4, packet, tcp } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * const bytes = packet(
 *   ipv4({ source: "10.0.0.1", destination: "10.0.0.2" }),
 *   tcp({ sourcePort: 40000, destinationPort: 80 }),
 *   new Uint8Array(1000),
 * );
 * const { tcp: segment, problem } = dissectLax(bytes.subarray(0, 40), { link: "ip" });
 * assert.equal(segment!.destinationPort, 80);
 * assert.equal(problem!.needed, 1040);
 * ```
 */
export function dissectLax(bytes: Uint8Array, options: DissectOptions = {}): Packet {
  requireBytes(bytes, "bytes");
  requireKnown(options, ["link", "maxLayers", "maxExtensionBytes"]);
  const { link = "ethernet", maxLayers = 32, maxExtensionBytes = 4096 } = options;
  requireInteger(maxLayers, "maxLayers", 1, 0x7fff_ffff);
  requireInteger(maxExtensionBytes, "maxExtensionBytes", 0, 0x7fff_ffff);
  const first = oneOfNames(FIRST, link, "link");
  const packet: Packet = new Packet(bytes);
  const dissector = new Dissector(packet, maxLayers, maxExtensionBytes);
  try {
    dissector.go(first);
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    dissector.packet.unread = error;
    dissector.packet.problem ??= error;
  }
  return packet;
}

// What comes next: a type of Ethernet's, a protocol of IP's beyond those, or one of these.
const PROTOCOL = 0x1_0000;
const ETHERNET = -1;
const EITHER_IP = -2;
const NOTHING = -3;
const FIRST: Readonly<Record<string, number>> = {
  ethernet: ETHERNET,
  ip: EITHER_IP,
  ipv4: etherType.ipv4,
  ipv6: etherType.ipv6,
};

/** As it is while it is filled. */
type Unfinished = { -readonly [Name in keyof Packet]: Packet[Name] };

class Dissector {
  readonly packet: Unfinished;
  readonly #maxLayers: number;
  readonly #maxExtensionBytes: number;
  /** Whether an IP packet so far is a fragment, so that what is within it goes on in others. */
  #isPart = false;
  #at = 0;
  #end: number;

  constructor(packet: Unfinished, maxLayers: number, maxExtensionBytes: number) {
    this.packet = packet;
    this.#maxLayers = maxLayers;
    this.#maxExtensionBytes = maxExtensionBytes;
    this.#end = packet.bytes.length;
  }

  go(first: number): void {
    for (let next = first; next !== NOTHING;) next = this.#step(next);
  }

  /** Reads a layer, if it is one that is known, and tells what the next one is. */
  #step(what: number): number {
    const { packet } = this;
    const { bytes } = packet;
    const at = this.#at;
    const end = this.#end;
    switch (what) {
      case ETHERNET:
        return this.#add(packet.ethernet = EthernetFrame.parseLax(bytes, at, end)).type;
      case etherType.vlan:
      case etherType.providerVlan:
      case etherType.doubleVlan: {
        const tag = VlanTag.parseLax(bytes, at, end);
        packet.vlans.push(tag);
        return this.#add(tag).type;
      }
      case etherType.arp:
        this.#add(packet.arp = ArpPacket.parse(bytes, at, end));
        return NOTHING;
      case EITHER_IP:
        return bytes[at] >> 4 === 6 ? etherType.ipv6 : etherType.ipv4;
      case etherType.ipv4:
      case PROTOCOL + ipProtocol.ipv4: {
        const ip = Ipv4Packet.parseLax(bytes, at, end);
        packet.ipv4 ??= ip;
        packet.ip = this.#add(ip);
        packet.isFragment = ip.isFragment;
        this.#isPart ||= ip.isFragment;
        return ip.fragmentOffset > 0 ? NOTHING : PROTOCOL + ip.protocol;
      }
      case etherType.ipv6:
      case PROTOCOL + ipProtocol.ipv6: {
        const ip = Ipv6Packet.parseLax(bytes, at, end);
        packet.ipv6 ??= ip;
        packet.ip = this.#add(ip);
        packet.isFragment = false;
        return PROTOCOL + ip.nextHeader;
      }
      case PROTOCOL + ipProtocol.hopByHop:
        return this.#extend(HopByHopOptions.parse(bytes, at, end));
      case PROTOCOL + ipProtocol.routing:
        return this.#extend(RoutingHeader.parse(bytes, at, end));
      case PROTOCOL + ipProtocol.destinationOptions:
        return this.#extend(DestinationOptions.parse(bytes, at, end));
      case PROTOCOL + ipProtocol.authentication:
        return this.#extend(AuthenticationHeader.parse(bytes, at, end));
      case PROTOCOL + ipProtocol.fragment: {
        const header = FragmentHeader.parse(bytes, at, end);
        packet.isFragment ||= !header.isAtomic;
        this.#isPart ||= !header.isAtomic;
        const next = this.#extend(header);
        return header.fragmentOffset > 0 ? NOTHING : next;
      }
      case PROTOCOL + ipProtocol.icmp:
        this.#add(packet.icmp = IcmpMessage.parse(bytes, at, end));
        return NOTHING;
      case PROTOCOL + ipProtocol.icmpv6:
        this.#add(packet.icmpv6 = Icmpv6Message.parse(bytes, at, end));
        return NOTHING;
      case PROTOCOL + ipProtocol.udp:
        this.#requireLength(this.#add(packet.udp = UdpDatagram.parseLax(bytes, at, end)));
        return NOTHING;
      case PROTOCOL + ipProtocol.tcp:
        this.#add(packet.tcp = TcpSegment.parse(bytes, at, end));
        return NOTHING;
    }
    return NOTHING;
  }

  /** Only what is too long for the field may do without a length, RFC 2675. */
  #requireLength({ lengthUnknown, start, payloadEnd }: UdpDatagram): void {
    const ip = this.packet.ip!;
    if (!lengthUnknown || (ip.layer === "ipv6" && ip.lengthField === 0)) return;
    this.packet.problem ??= new WireError("udp", start, 8, payloadEnd - start, "its length is 0");
  }

  #extend(header: View & { readonly nextHeader: number }): number {
    this.#add(header);
    const from = this.packet.ip!.payloadStart;
    const taken = this.#at - from;
    if (taken <= this.#maxExtensionBytes) return PROTOCOL + header.nextHeader;
    const fault = `the extension headers take ${taken} bytes, more than ${this.#maxExtensionBytes}`;
    throw new WireError(header.layer, header.start, taken, this.#end - from, fault, "limit");
  }

  #add<T extends View>(view: T): T {
    const { packet } = this;
    const { layer, start, payloadEnd, missing } = view;
    if (packet.layers.length === this.#maxLayers) {
      const fault = `there are more layers than ${this.#maxLayers}`;
      throw new WireError(layer, start, payloadEnd - start, payloadEnd - start, fault, "limit");
    }
    packet.layers.push(view);
    this.#at = view.payloadStart;
    this.#end = payloadEnd;
    if (missing > 0 && !this.#isPart) {
      const length = payloadEnd - start;
      packet.problem ??= new WireError(layer, start, length + missing, length);
    }
    return view;
  }
}

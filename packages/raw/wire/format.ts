import { requireInteger, requireKnown } from "../arguments.ts";
import type { ArpPacket } from "./arp.ts";
import { dissectLax, type DissectOptions } from "./dissect.ts";
import { Packet } from "./dissected.ts";
import { formatIp } from "./format_ip.ts";
import { unreadText } from "./format_unread.ts";
import { etherType } from "./numbers.ts";

/**
 * How a packet is printed.
 *
 * @example Usage
 * ```ts
 * import { formatPacket, type FormatOptions } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * const options: FormatOptions = { link: "ip" };
 * assert.equal(formatPacket(new Uint8Array(), options), "[|ip]");
 * ```
 */
export interface FormatOptions extends DissectOptions {
  /** Whether the header of an Ethernet frame is printed too, as tcpdump does with `-e`. */
  readonly ethernet?: boolean;
  /** How long the packet was before a capture cut it, in bytes; by default as long as it is. */
  readonly length?: number;
}

/**
 * A packet in one line, in the manner of tcpdump(8): `-n`, without the time, and with sequence
 * numbers as they are, `-S`. What UDP and TCP carry is not looked into.
 *
 * @param packet The packet, or what it was dissected into
 * @param options What it begins with, and what is printed
 * @returns The line
 * @throws {TypeError | RangeError} If an option cannot be
 *
 * @example Usage
 * ```ts
 * import { formatPacket, ipv4, packet, tcp } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * const bytes = packet(
 *   ipv4({ source: "10.0.0.1", destination: "10.0.0.2" }),
 *   tcp({
 *     sourcePort: 1234,
 *     destinationPort: 80,
 *     sequence: 1,
 *     flags: { syn: true },
 *     window: 64240,
 *     options: [{ kind: "mss", size: 1460 }],
 *   }),
 * );
 * assert.equal(
 *   formatPacket(bytes, { link: "ip" }),
 *   "IP 10.0.0.1.1234 > 10.0.0.2.80: Flags [S], seq 1, win 64240, options [mss 1460], length 0",
 * );
 * ```
 */
export function formatPacket(packet: Uint8Array | Packet, options: FormatOptions = {}): string {
  requireKnown(options, ["link", "maxLayers", "maxExtensionBytes", "ethernet", "length"]);
  const { ethernet = false, length, ...others } = options;
  const found = packet instanceof Packet ? packet : dissectLax(packet, others);
  if (length !== undefined) requireInteger(length, "length", 0, Number.MAX_SAFE_INTEGER);
  const wireLength = length ?? found.bytes.length;
  const { layers, unread } = found;
  const inner = layers.findIndex(({ layer }) => layer !== "ethernet" && layer !== "vlan");
  const link = linkText(found, wireLength, ethernet || (inner === -1 && unread === undefined));
  const name = ethernet && found.ethernet !== undefined ? "" : undefined;
  if (found.arp) return `${link}${name ?? "ARP, "}${arpText(found.arp)}`;
  if (inner !== -1) return `${link}${formatIp(found, inner, wireLength, name)}`;
  if (unread) return `${link}${unreadText(unread)}`;
  return link.replace(/(: |, )$/, "");
}

function linkText(packet: Packet, length: number, isWhole: boolean): string {
  const { ethernet, vlans } = packet;
  if (ethernet === undefined) return "";
  let text = "";
  if (isWhole) {
    const { source, destination, type } = ethernet;
    text = ethernet.isLength
      ? `${source} > ${destination}, 802.3, length ${type}: `
      : `${source} > ${destination}, ${typeText(type)}, length ${length}: `;
  }
  for (const tag of vlans) {
    const eligible = tag.dropEligible ? "DEI, " : "";
    text += `vlan ${tag.id}, p ${tag.priority}, ${eligible}`;
    if (isWhole) text += `${typeText(tag.type)}, `;
  }
  return text;
}

const typeNames: Readonly<Record<number, string>> = {
  [etherType.ipv4]: "IPv4",
  [etherType.arp]: "ARP",
  [etherType.vlan]: "802.1Q",
  [etherType.ipv6]: "IPv6",
  [etherType.mplsUnicast]: "MPLS unicast",
  [etherType.mplsMulticast]: "MPLS multicast",
  [etherType.pppoeDiscovery]: "PPPoE D",
  [etherType.pppoeSession]: "PPPoE S",
  [etherType.eapol]: "EAPOL",
  [etherType.providerVlan]: "802.1Q-QinQ",
  [etherType.lldp]: "LLDP",
  [etherType.doubleVlan]: "802.1Q-9100",
};

function typeText(type: number): string {
  return `ethertype ${typeNames[type] ?? "Unknown"} (0x${type.toString(16).padStart(4, "0")})`;
}

function arpText(arp: ArpPacket): string {
  const { senderHardware, senderProtocol, targetHardware, targetProtocol, header } = arp;
  const isKnown = /[^0:]/.test(targetHardware);
  const length = `length ${header.length}`;
  switch (arp.operation) {
    case 1: {
      const hint = isKnown ? ` (${targetHardware})` : "";
      return `Request who-has ${targetProtocol}${hint} tell ${senderProtocol}, ${length}`;
    }
    case 2:
      return `Reply ${senderProtocol} is-at ${senderHardware}, ${length}`;
    case 3:
      return `Reverse Request who-is ${targetHardware} tell ${senderHardware}, ${length}`;
    case 4:
      return `Reverse Reply ${targetHardware} at ${targetProtocol}, ${length}`;
    case 8:
      return `Inverse Request who-is ${targetHardware} tell ${senderHardware}, ${length}`;
    case 9:
      return `Inverse Reply ${senderHardware} at ${senderProtocol}, ${length}`;
  }
  return `Unknown (${arp.operation}), ${length}`;
}

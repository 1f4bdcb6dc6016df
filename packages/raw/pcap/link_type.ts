import { oneOfNames, requireInteger } from "../arguments.ts";

/**
 * What packets may begin with, of the registry of link types: the usual ones by name. Any other
 * number is as good.
 *
 * @example Usage
 * ```ts
 * import { linkTypes } from "@posixly/raw/pcap";
 * import assert from "node:assert/strict";
 *
 * assert.equal(linkTypes.linuxSll2, 276);
 * ```
 */
export const linkTypes = {
  /** The loopback of BSD: four bytes of address family in the byte order of the machine. */
  null: 0,
  ethernet: 1,
  ppp: 9,
  /** IPv4 or IPv6, as the first four bits say. */
  raw: 101,
  ieee80211: 105,
  /** The loopback of OpenBSD: as `null`, in network byte order. */
  loop: 108,
  /** What Linux gives for "any" interface, see packet(7). */
  linuxSll: 113,
  /** 802.11 with a header of what the radio noticed. */
  radiotap: 127,
  user0: 147,
  usbLinux: 189,
  usbLinuxMmapped: 220,
  canSocketcan: 227,
  ipv4: 228,
  ipv6: 229,
  nflog: 239,
  netlink: 253,
  vsock: 271,
  linuxSll2: 276,
} as const;

/**
 * The name of a link type that {@linkcode linkTypes} has, or a number of the registry.
 *
 * @example Usage
 * ```ts
 * import { captureWriter, type LinkType } from "@posixly/raw/pcap";
 *
 * const link: LinkType = "ipv6";
 * captureWriter({ link });
 * ```
 */
export type LinkType = keyof typeof linkTypes | number;

/** The number of a link type. */
export function linkNumber(link: LinkType): number {
  return typeof link === "number"
    ? requireInteger(link, "link", 0, 0xffff)
    : oneOfNames(linkTypes, link, "link");
}

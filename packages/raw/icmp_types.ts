import { requireInteger } from "@posixly/sys";
import { setsockopt, type Socket } from "@posixly/socket";
import { ICMP6_FILTER, ICMP_FILTER, IPPROTO_ICMPV6, SOL_RAW } from "./libc.ts";

/** How many types each protocol can filter; the kernel lets others pass. */
const FILTERED = { ipv4: 32, ipv6: 256 };

/**
 * Which types of messages a raw socket of ICMP gets: `ICMP_FILTER`, raw(7), and `ICMP6_FILTER`,
 * rfc3542. A bit that is set keeps a type out.
 */
export function setIcmpTypes(
  socket: Socket,
  family: "ipv4" | "ipv6",
  types: readonly number[],
): void {
  const [level, option] = family === "ipv4"
    ? [SOL_RAW, ICMP_FILTER]
    : [IPPROTO_ICMPV6, ICMP6_FILTER];
  setsockopt(socket, level, option, filterOf(family, types));
}

/** The filter that lets some types pass and no other that it knows. */
export function filterOf(family: "ipv4" | "ipv6", types: readonly number[]): Uint32Array {
  if (!Array.isArray(types)) throw new TypeError("icmpTypes must be an array");
  const words = new Uint32Array(FILTERED[family] / 32).fill(0xffff_ffff);
  for (const [i, type] of types.entries()) {
    requireInteger(type, `icmpTypes[${i}]`, 0, FILTERED[family] - 1);
    words[type >>> 5] &= ~(1 << (type & 31));
  }
  return words;
}

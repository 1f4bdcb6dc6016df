import type { Ipv4Packet } from "./ipv4.ts";
import type { Ipv6Packet } from "./ipv6.ts";

/**
 * A packet of either version of IP.
 *
 * @example Usage
 * ```ts
 * import { dissect, type IpPacket, ipv4, packet } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * const bytes = packet(ipv4({ source: "10.0.0.1", destination: "10.0.0.2" }));
 * const ip: IpPacket | undefined = dissect(bytes, { link: "ip" }).ip;
 * assert.equal(ip?.source, "10.0.0.1");
 * ```
 */
export type IpPacket = Ipv4Packet | Ipv6Packet;

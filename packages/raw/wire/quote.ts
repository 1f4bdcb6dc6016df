import { dissectLax } from "./dissect.ts";
import type { Packet } from "./dissected.ts";
import type { IcmpMessage } from "./icmp.ts";
import type { Icmpv6Message } from "./icmpv6.ts";

/**
 * The packet that an ICMP error is about. It quotes the beginning of it, of which eight bytes after
 * the IP header are sure to be there, so ports and the id of an echo can be read; TCP's header
 * often does not fit. Routers may have changed it: the time to live, the checksum, and with address
 * translation more than that.
 *
 * @param message The error
 * @returns What there is of the packet, or nothing if the message is no error
 *
 * @example Which port was refused
 * ```ts
 * import { dissect, icmpUnreachable, ipv4, packet, quotedPacket, udp } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * const [us, them] = ["10.0.0.1", "10.0.0.2"];
 * const refused = packet(
 *   ipv4({ source: us, destination: them }),
 *   udp({ sourcePort: 40000, destinationPort: 33434 }),
 *   new Uint8Array(1000),
 * );
 * const bytes = packet(
 *   ipv4({ source: them, destination: us }),
 *   icmpUnreachable({ code: 3 }),
 *   refused.subarray(0, 28),
 * );
 * const { icmp } = dissect(bytes, { link: "ip" });
 * assert.equal(quotedPacket(icmp!)?.udp?.destinationPort, 33434);
 * ```
 */
export function quotedPacket(message: IcmpMessage | Icmpv6Message): Packet | undefined {
  if (!message.isError) return undefined;
  return dissectLax(message.payload, { link: message.layer === "icmp" ? "ipv4" : "ipv6" });
}

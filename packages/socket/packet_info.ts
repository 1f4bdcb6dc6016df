import { requireInteger, requireKnown } from "@posixly/sys";
import { formatIpv4, parseIpv4 } from "./ipv4.ts";
import { formatIpv6, parseIpv6 } from "./ipv6.ts";
import { in6Pktinfo, inPktinfo } from "./libc.ts";
import type { Kind } from "./option_kind.ts";

/**
 * By which way a packet came, or is to go: `IP_PKTINFO` and `IPV6_PKTINFO`. Sent back as it was
 * received, the answer goes out where the question came in, and from the address it was for.
 *
 * @example From an address of one's own choice
 * ```ts
 * import { bind, localAddress, type PacketInfo, receiveFrom } from "@posixly/socket";
 * import { sendMessage, socket } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * using server = socket("ipv4", "datagram");
 * bind(server, "127.0.0.1:0");
 * using client = socket("ipv4", "datagram");
 *
 * const packetInfo: PacketInfo = { host: "127.0.0.7" };
 * const bytes = new Uint8Array(4);
 * sendMessage(client, { bytes, to: localAddress(server), control: { packetInfo } });
 * const { from } = receiveFrom(server, bytes)!;
 * assert.equal(from?.family === "ipv4" && from.host, "127.0.0.7");
 * ```
 */
export interface PacketInfo {
  /**
   * Received: whom the packet was for, as it says itself. To send: which address of ours it is
   * from; `0.0.0.0` or `::` lets the kernel choose.
   */
  readonly host: string;
  /** The index of the interface; to send, 0 or nothing lets the kernel choose. */
  readonly interface?: number;
  /**
   * The address of ours that took the packet, which is not `host` if that is a broadcast or a
   * multicast; of IPv4 alone. To send, it goes before `host`.
   */
  readonly local?: string;
}

/** Whether it is of IPv6. */
export function isIpv6(value: PacketInfo): boolean {
  return String(value?.host).includes(":");
}

export const packetInfo4: Kind<PacketInfo> = {
  size: inPktinfo.size,
  encode(value, name) {
    const { host, index, local } = checked(value, name);
    return inPktinfo.encode({
      ipi_ifindex: index,
      ipi_spec_dst: parsed(parseIpv4, local, name),
      ipi_addr: parsed(parseIpv4, host, name),
    });
  },
  decode(bytes) {
    const { ipi_ifindex, ipi_spec_dst, ipi_addr } = inPktinfo.decode(bytes);
    return {
      host: formatIpv4(ipi_addr),
      interface: ipi_ifindex,
      local: formatIpv4(ipi_spec_dst),
    };
  },
};

export const packetInfo6: Kind<PacketInfo> = {
  size: in6Pktinfo.size,
  encode(value, name) {
    const { index, local } = checked(value, name);
    return in6Pktinfo.encode({
      ipi6_addr: parsed(parseIpv6, local, name),
      ipi6_ifindex: index,
    });
  },
  decode(bytes) {
    const { ipi6_addr, ipi6_ifindex } = in6Pktinfo.decode(bytes);
    return { host: formatIpv6(ipi6_addr), interface: ipi6_ifindex };
  },
};

function checked(value: PacketInfo, name: string) {
  requireKnown(value, ["host", "interface", "local"]);
  const { host, interface: index = 0, local = host } = value;
  return { host, index: requireInteger(index, `${name}.interface`), local };
}

function parsed(
  parse: (text: string) => Uint8Array | null,
  host: string,
  name: string,
): Uint8Array {
  const bytes = typeof host === "string" ? parse(host) : null;
  if (bytes !== null) return bytes;
  throw new TypeError(`${name} must have addresses of one family, not ${JSON.stringify(host)}`);
}

import { requireBytes, requireInteger, requireKnown } from "../arguments.ts";
import { joined, put16, put32, roundUp } from "./bytes.ts";
import { WireError } from "./error.ts";
import { Ipv4Packet } from "./ipv4.ts";
import { Ipv6Packet } from "./ipv6.ts";
import { extensionSize } from "./ipv6_chain.ts";
import { ipProtocol } from "./numbers.ts";

/**
 * Cuts an IP packet into fragments that fit, RFC 791 section 3.2 and RFC 8200 section 4.5. All of
 * its checksums must be right before, since those of what it carries are not touched.
 *
 * @param packet An IPv4 or IPv6 packet, which may be a fragment of IPv4 already
 * @param mtu How long a fragment may be with its headers, in bytes
 * @param options `identification` is what the fragments have in common, by default that of the IPv4
 * packet, or a random number
 * @returns The fragments in order; one, if the packet fits
 * @throws {RangeError} If it does not fit, and must not be fragmented or cannot be
 * @throws {WireError} If it is no IP packet
 *
 * @example Usage
 * ```ts
 * import { fragment, ipv4, Ipv4Packet, packet, udp } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * const bytes = packet(
 *   ipv4({ source: "10.0.0.1", destination: "10.0.0.2", identification: 7 }),
 *   udp({ sourcePort: 1, destinationPort: 2 }),
 *   new Uint8Array(3000),
 * );
 * const fragments = fragment(bytes, 1500);
 * const offsets = fragments.map((each) => Ipv4Packet.parse(each).fragmentOffset);
 * assert.deepEqual(offsets, [0, 1480, 2960]);
 * ```
 */
export function fragment(
  packet: Uint8Array,
  mtu: number,
  options: { readonly identification?: number } = {},
): Uint8Array<ArrayBuffer>[] {
  requireBytes(packet, "packet");
  requireInteger(mtu, "mtu", 1, 0xffff_ffff);
  requireKnown(options, ["identification"]);
  const { identification } = options;
  return packet[0] >> 4 === 6
    ? fragment6(Ipv6Packet.parse(packet), mtu, identification)
    : fragment4(Ipv4Packet.parse(packet), mtu, identification);
}

function fragment4(
  ip: Ipv4Packet,
  mtu: number,
  identification: number | undefined,
): Uint8Array<ArrayBuffer>[] {
  const { bytes, start, payloadEnd, payload, header } = ip;
  const length = payloadEnd - start;
  if (length <= mtu) return [new Uint8Array(bytes.subarray(start, payloadEnd))];
  if (ip.dontFragment) {
    throw new RangeError(`A packet of ${length} bytes must not be fragmented to ${mtu}`);
  }
  requireLength(ip.fragmentOffset + payload.length);
  const later = laterHeader(header);
  return cut(payload, header.length, later.length, mtu, (data, offset, isLast) => {
    const made = joined(offset === 0 ? header : later, data);
    made[0] = 0x40 | (made.length - data.length) >> 2;
    put16(made, 2, requireInteger(made.length, "The length of a fragment", 0, 0xffff));
    const view = Ipv4Packet.parse(made);
    view.fragmentOffset = ip.fragmentOffset + offset;
    view.moreFragments = !isLast || ip.moreFragments;
    if (identification !== undefined) view.identification = identification;
    view.updateChecksum();
    return made;
  });
}

/** The header with only those options that each fragment has: their highest bit says so. */
function laterHeader(header: Uint8Array): Uint8Array {
  const kept: number[] = [];
  for (let at = 20; at < header.length && header[at] !== 0;) {
    const length = header[at] === 1 ? 1 : header[at + 1];
    if (!(length >= 1) || (length === 1 && header[at] !== 1)) break;
    if (header[at] & 0x80) kept.push(...header.subarray(at, at + length));
    at += length;
  }
  const later = new Uint8Array(20 + roundUp(kept.length, 4));
  later.set(header.subarray(0, 20));
  later.set(kept, 20);
  return later;
}

function fragment6(
  ip: Ipv6Packet,
  mtu: number,
  identification: number = crypto.getRandomValues(new Uint32Array(1))[0],
): Uint8Array<ArrayBuffer>[] {
  requireInteger(identification, "identification", 0, 0xffff_ffff);
  const { bytes, start, payloadEnd } = ip;
  if (payloadEnd - start <= mtu) return [new Uint8Array(bytes.subarray(start, payloadEnd))];
  const { end, nextAt } = perFragmentHeaders(ip);
  const protocol = bytes[nextAt];
  if (protocol === ipProtocol.fragment) throw new RangeError("The packet is a fragment already");
  const header = joined(bytes.subarray(start, end), new Uint8Array(8));
  header[nextAt - start] = ipProtocol.fragment;
  const at = end - start;
  header[at] = protocol;
  put32(header, at + 4, identification);
  const data = bytes.subarray(end, payloadEnd);
  requireLength(data.length);
  return cut(data, header.length, header.length, mtu, (data, offset, isLast) => {
    const made = joined(header, data);
    put16(made, 4, made.length - 40);
    put16(made, at + 2, offset | Number(!isLast));
    return made;
  });
}

/** The headers that routers look at stay in front of every fragment: up to that of a route. */
function perFragmentHeaders(ip: Ipv6Packet): { end: number; nextAt: number } {
  const { bytes, start, payloadStart, payloadEnd } = ip;
  let found = { end: payloadStart, nextAt: start + 6 };
  let [at, nextAt] = [payloadStart, start + 6];
  for (;;) {
    const protocol = bytes[nextAt];
    const isBefore = protocol === ipProtocol.hopByHop || protocol === ipProtocol.routing ||
      protocol === ipProtocol.destinationOptions;
    if (!isBefore) return found;
    const size = at + 8 <= payloadEnd ? extensionSize(protocol, bytes, at) : 8;
    if (at + size > payloadEnd) {
      throw new WireError("ipv6", start, at + size - start, payloadEnd - start);
    }
    nextAt = at;
    at += size;
    if (protocol !== ipProtocol.destinationOptions) found = { end: at, nextAt };
  }
}

function cut(
  payload: Uint8Array,
  firstHeader: number,
  laterHeader: number,
  mtu: number,
  make: (data: Uint8Array, offset: number, isLast: boolean) => Uint8Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer>[] {
  if (payload.length === 0) {
    throw new RangeError(`mtu must leave room for the header, not be ${mtu}`);
  }
  const fragments: Uint8Array<ArrayBuffer>[] = [];
  for (let offset = 0; offset < payload.length;) {
    const room = mtu - (offset === 0 ? firstHeader : laterHeader);
    const isLast = payload.length - offset <= room;
    const length = isLast ? payload.length - offset : room & ~7;
    if (length < 1) throw new RangeError(`mtu must leave room for 8 bytes, not be ${mtu}`);
    fragments.push(make(payload.subarray(offset, offset + length), offset, isLast));
    offset += length;
  }
  return fragments;
}

function requireLength(length: number): void {
  if (length <= 0xffff) return;
  throw new RangeError(`A packet with ${length} bytes cannot be fragmented, only up to 65535`);
}

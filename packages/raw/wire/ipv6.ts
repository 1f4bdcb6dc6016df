import { readIpv6, requireIpv6, writeIpv6 } from "./addresses.ts";
import { requireInteger } from "../arguments.ts";
import { get16, get32, put16, put32 } from "./bytes.ts";
import { pseudoHeader6 } from "./checksum.ts";
import { type Codec, layerOf, protocolBefore, requireFits } from "./codec.ts";
import { WireError } from "./error.ts";
import { jumboLength, lastIpv6Endpoints } from "./ipv6_chain.ts";
import { requireFields } from "./limits.ts";
import { ipProtocol } from "./numbers.ts";
import { mayBeUncut } from "./offload.ts";
import { requireEnd, requireHeader, View } from "./view.ts";

const SIZE = 40;
const MAX = 0xffff;
const LIMITS = {
  trafficClass: 0xff,
  flowLabel: 0xf_ffff,
  payloadLength: MAX,
  nextHeader: 0xff,
  hopLimit: 0xff,
  source: "other",
  destination: "other",
} as const;

/**
 * The fields of an IPv6 header.
 *
 * @example Usage
 * ```ts
 * import { ipv6, type Ipv6Fields } from "@posixly/raw/wire";
 *
 * const fields: Ipv6Fields = { source: "fe80::1", destination: "ff02::1", hopLimit: 255 };
 * ipv6(fields);
 * ```
 */
export interface Ipv6Fields {
  /** The address it is from. */
  readonly source: string;
  /** The address it is for, or the next stop on a route. */
  readonly destination: string;
  /** Six bits of DSCP, two of ECN; by default 0. */
  readonly trafficClass?: number;
  /** What the packets of a flow have in common, 20 bits; by default 0. */
  readonly flowLabel?: number;
  /**
   * How long all that follows the header is, in bytes; by default as long as it is. A jumbogram has
   * 0 here, and its length in an option.
   */
  readonly payloadLength?: number;
  /** What follows the header, see `ipProtocol`; by default what follows decides. */
  readonly nextHeader?: number;
  /** How many routers it may pass; by default 64. */
  readonly hopLimit?: number;
}

/**
 * An IPv6 header as values.
 *
 * @example Usage
 * ```ts
 * import { ipv6, type Ipv6Layer } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * const layer: Ipv6Layer = ipv6({ source: "::1", destination: "::1" });
 * assert.equal(layer.destination, "::1");
 * ```
 */
export type Ipv6Layer = Ipv6Fields & { readonly layer: "ipv6" };

/**
 * An IPv6 header, RFC 8200, for `packet`.
 *
 * @param fields Its fields
 * @returns The layer
 * @throws {TypeError | RangeError} If a field cannot be
 *
 * @example Usage
 * ```ts
 * import { ipv6, Ipv6Packet, packet, udp } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * const view = Ipv6Packet.parse(packet(
 *   ipv6({ source: "::1", destination: "::1" }),
 *   udp({ sourcePort: 53, destinationPort: 53 }),
 *   new TextEncoder().encode("somedata"),
 * ));
 * assert.equal(view.payloadLength, 16);
 * assert.equal(view.nextHeader, 17);
 * ```
 */
export function ipv6(fields: Ipv6Fields): Ipv6Layer {
  return layerOf<Ipv6Layer>("ipv6", fields, ipv6Codec);
}

export const ipv6Codec: Codec<Ipv6Layer> = {
  check(layer) {
    requireFields(layer, LIMITS);
    requireIpv6(layer.source, "source");
    requireIpv6(layer.destination, "destination");
  },
  size: () => SIZE,
  write(layer, into, at, place) {
    const { trafficClass = 0, flowLabel = 0, payloadLength, nextHeader } = layer;
    put32(into, at, 0x6000_0000 | trafficClass << 20 | flowLabel);
    const length = payloadLength ?? requireFits(place.end - at - SIZE, MAX, "payloadLength");
    put16(into, at + 4, length);
    into[at + 6] = nextHeader ?? protocolBefore(place, "nextHeader");
    into[at + 7] = layer.hopLimit ?? 64;
    writeIpv6(layer.source, "source", into, at + 8);
    writeIpv6(layer.destination, "destination", into, at + 24);
  },
  endpoints: (_layer, _into, at) => ({ source: at + 8, destination: at + 24, width: 16 }),
};

/**
 * An IPv6 packet: the fixed header. What follows may be extension headers, which count as payload
 * here; `dissect` goes through them.
 *
 * A payload length of 0 is that of a jumbogram, RFC 2675, whose hop-by-hop options tell; or, with
 * TCP right behind the header, of one of this host's own packets before the network card cuts it
 * up, and then the payload ends where the bytes do. Any other such packet has no payload: what the
 * frame has behind it is padding.
 *
 * @example Usage
 * ```ts
 * import { ipv6, Ipv6Packet, packet } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * const ends = { source: "fe80::1", destination: "ff02::1" };
 * const view = Ipv6Packet.parse(packet(ipv6({ ...ends, flowLabel: 0x12345 })));
 * assert.equal(view.destination, "ff02::1");
 * assert.equal(view.flowLabel, 0x12345);
 * ```
 */
export class Ipv6Packet extends View {
  /** Always `ipv6`. */
  get layer(): "ipv6" {
    return "ipv6";
  }

  /**
   * Reads a packet, and checks it.
   *
   * @param bytes What holds it
   * @param start Where it begins
   * @param end Where it, or the frame, ends
   * @returns A view of the bytes
   * @throws {WireError} If it is none, or not all of it is there
   */
  static parse(bytes: Uint8Array, start: number = 0, end: number = bytes.length): Ipv6Packet {
    return Ipv6Packet.#read(bytes, start, end, false);
  }

  /**
   * The same for a packet of which the end of the payload may be missing.
   *
   * @param bytes What holds it
   * @param start Where it begins
   * @param end Where it, or the frame, ends
   * @returns A view of the bytes
   * @throws {WireError} If it is none, or its header is not there
   */
  static parseLax(bytes: Uint8Array, start: number = 0, end: number = bytes.length): Ipv6Packet {
    return Ipv6Packet.#read(bytes, start, end, true);
  }

  static #read(bytes: Uint8Array, start: number, end: number, lax: boolean): Ipv6Packet {
    requireHeader("ipv6", bytes, start, end, SIZE);
    const version = bytes[start] >> 4;
    if (version !== 6) {
      const fault = `its version is ${version}, not 6`;
      throw new WireError("ipv6", start, SIZE, end - start, fault);
    }
    const jumbo = jumboOf(bytes, start, end);
    if (jumbo > 0 && jumbo <= MAX) {
      const fault = `its jumbo payload length ${jumbo} is not more than ${MAX}`;
      throw new WireError("ipv6", start, SIZE, end - start, fault);
    }
    const declared = declaredEnd(bytes, start, end);
    const payloadEnd = requireEnd("ipv6", start, declared, end, lax);
    return new Ipv6Packet(bytes, start, start + SIZE, payloadEnd);
  }

  /** Six bits of DSCP, two of ECN. */
  get trafficClass(): number {
    return get16(this.bytes, this.start) >> 4 & 0xff;
  }

  /** Changes it in place. */
  set trafficClass(trafficClass: number) {
    requireInteger(trafficClass, "trafficClass", 0, 0xff);
    put16(this.bytes, this.start, get16(this.bytes, this.start) & 0xf00f | trafficClass << 4);
  }

  /** The differentiated services code point, RFC 2474: 0 to 63. */
  get dscp(): number {
    return this.trafficClass >> 2;
  }

  /** Explicit congestion notification, RFC 3168: 0 not capable, 1 and 2 capable, 3 congested. */
  get ecn(): number {
    return this.trafficClass & 3;
  }

  /** What the packets of a flow have in common. */
  get flowLabel(): number {
    return get32(this.bytes, this.start) & 0xf_ffff;
  }

  /** Changes it in place. */
  set flowLabel(label: number) {
    requireInteger(label, "flowLabel", 0, 0xf_ffff);
    put32(this.bytes, this.start, get32(this.bytes, this.start) & 0xfff0_0000 | label);
  }

  /** The field that says how long all that follows the header is, in bytes; see `lengthUnknown`. */
  get lengthField(): number {
    return get16(this.bytes, this.start + 4);
  }

  /** Changes it in place. */
  set lengthField(length: number) {
    put16(this.bytes, this.start + 4, requireInteger(length, "lengthField", 0, MAX));
  }

  /** Whether it does not say how long it is, so that it ends where the bytes do. */
  get lengthUnknown(): boolean {
    return isUncut(this.bytes, this.start, this.payloadEnd);
  }

  override get missing(): number {
    const { bytes, start, payloadEnd } = this;
    return Math.max(0, declaredEnd(bytes, start, payloadEnd) - payloadEnd);
  }

  /** What follows the header, see `ipProtocol`. */
  get nextHeader(): number {
    return this.bytes[this.start + 6];
  }

  /** Changes it in place. */
  set nextHeader(nextHeader: number) {
    this.bytes[this.start + 6] = requireInteger(nextHeader, "nextHeader", 0, 0xff);
  }

  /** How many routers it may still pass. */
  get hopLimit(): number {
    return this.bytes[this.start + 7];
  }

  /** Changes it in place. */
  set hopLimit(limit: number) {
    this.bytes[this.start + 7] = requireInteger(limit, "hopLimit", 0, 0xff);
  }

  /** The address it is from. */
  get source(): string {
    return readIpv6(this.bytes, this.start + 8);
  }

  /** Changes it in place. */
  set source(address: string) {
    writeIpv6(address, "source", this.bytes, this.start + 8);
  }

  /** The same as bytes; not a copy. */
  get sourceBytes(): Uint8Array {
    return this.bytes.subarray(this.start + 8, this.start + 24);
  }

  /** The address it is for, or the next stop on a route. */
  get destination(): string {
    return readIpv6(this.bytes, this.start + 24);
  }

  /** Changes it in place. */
  set destination(address: string) {
    writeIpv6(address, "destination", this.bytes, this.start + 24);
  }

  /** The same as bytes; not a copy. */
  get destinationBytes(): Uint8Array {
    return this.bytes.subarray(this.start + 24, this.start + 40);
  }

  /**
   * The sum of the pseudo header that the checksums of UDP, TCP and ICMPv6 begin with. It has the
   * last destination, which a routing header may hold, and the home address of a mobile node.
   *
   * @param protocol What is summed, see `ipProtocol`
   * @param length How long that is, in bytes
   * @returns The `initial` of `checksum`
   */
  pseudoHeader(protocol: number, length: number): number {
    const { bytes, start, payloadEnd } = this;
    const { source, destination } = lastIpv6Endpoints(bytes, start, payloadEnd);
    return pseudoHeader6(bytes, source, destination, protocol, length);
  }

  override values(): Required<Ipv6Layer> {
    const { source, destination, trafficClass, flowLabel } = this;
    const { lengthField: payloadLength, nextHeader, hopLimit } = this;
    return {
      layer: "ipv6",
      source,
      destination,
      trafficClass,
      flowLabel,
      payloadLength,
      nextHeader,
      hopLimit,
    };
  }
}

/** Where the packet says that it ends. */
function declaredEnd(bytes: Uint8Array, start: number, end: number): number {
  const length = get16(bytes, start + 4);
  if (length > 0) return start + SIZE + length;
  const jumbo = jumboOf(bytes, start, end);
  if (jumbo > 0) return start + SIZE + jumbo;
  return isUncut(bytes, start, end) ? end : start + SIZE;
}

/** How long a jumbogram says that its payload is; 0 if the packet is none. */
function jumboOf(bytes: Uint8Array, start: number, end: number): number {
  const isJumbogram = get16(bytes, start + 4) === 0 && bytes[start + 6] === ipProtocol.hopByHop;
  return isJumbogram ? jumboLength(bytes, start + SIZE, end) : 0;
}

function isUncut(bytes: Uint8Array, start: number, end: number): boolean {
  return get16(bytes, start + 4) === 0 && mayBeUncut(bytes[start + 6], end - start);
}

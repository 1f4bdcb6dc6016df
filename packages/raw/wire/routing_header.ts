import { readIpv6, writeIpv6 } from "./addresses.ts";
import { requireInteger } from "../arguments.ts";
import { copy, get32, put32 } from "./bytes.ts";
import { type Codec, layerOf, protocolBefore } from "./codec.ts";
import { WireError } from "./error.ts";
import { MOBILE_HOME, routedTo, SOURCE_ROUTE } from "./ipv6_chain.ts";
import { requireFields } from "./limits.ts";
import { requireHeader, View } from "./view.ts";

const FIXED = 4;
const ADDRESSES = 8;
const LIMITS = {
  nextHeader: 0xff,
  routingType: 0xff,
  segmentsLeft: 0xff,
  addresses: "array",
  reserved: 0xffff_ffff,
  data: "bytes",
} as const;

/**
 * The fields of a routing header. Those of type 0 and 2 have addresses; all others have data.
 *
 * @example Usage
 * ```ts
 * import { routing, type RoutingFields } from "@posixly/raw/wire";
 *
 * const fields: RoutingFields = { routingType: 2, segmentsLeft: 1, addresses: ["2001:db8::1"] };
 * routing(fields);
 * ```
 */
export interface RoutingFields {
  /** What follows, see `ipProtocol`; by default what follows decides. */
  readonly nextHeader?: number;
  /** How it is to be read: 0 a source route, deprecated; 2 of a mobile node; 4 segment routing. */
  readonly routingType: number;
  /** How many stops are still to be visited. */
  readonly segmentsLeft: number;
  /** The stops, of type 0 and 2. */
  readonly addresses?: readonly string[];
  /** Four bytes before them; by default 0. */
  readonly reserved?: number;
  /** What follows `segmentsLeft` instead: 4 bytes and any number of 8 more. */
  readonly data?: Uint8Array;
}

/**
 * A routing header as values.
 *
 * @example Usage
 * ```ts
 * import { routing, type RoutingLayer } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * const fields = { routingType: 4, segmentsLeft: 0, data: new Uint8Array(4) };
 * const layer: RoutingLayer = routing(fields);
 * assert.equal(layer.routingType, 4);
 * ```
 */
export type RoutingLayer = RoutingFields & { readonly layer: "routing" };

/**
 * A routing header, RFC 8200 section 4.4, for `packet`. Checksums of what follows are then those of
 * the last destination, if it has not been reached.
 *
 * @param fields Its fields
 * @returns The layer
 * @throws {TypeError | RangeError} If a field cannot be
 *
 * @example Usage
 * ```ts
 * import { dissect, ipv6, packet, routing, udp } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * const bytes = packet(
 *   ipv6({ source: "2001:db8::1", destination: "2001:db8::2" }),
 *   routing({ routingType: 2, segmentsLeft: 1, addresses: ["2001:db8::3"] }),
 *   udp({ sourcePort: 1, destinationPort: 2 }),
 * );
 * const { ipv6: ip, udp: datagram } = dissect(bytes, { link: "ip" });
 * assert.ok(datagram!.verifyChecksum(ip!));
 * ```
 */
export function routing(fields: RoutingFields): RoutingLayer {
  return layerOf<RoutingLayer>("routing", fields, routingCodec);
}

export const routingCodec: Codec<RoutingLayer> = {
  check(layer) {
    requireInteger(layer.routingType, "routingType", 0, 0xff);
    requireInteger(layer.segmentsLeft, "segmentsLeft", 0, 0xff);
    requireFields(layer, LIMITS);
    dataOf(layer);
  },
  size: (layer) => FIXED + dataOf(layer).length,
  write(layer, into, at, place) {
    const data = dataOf(layer);
    into[at] = layer.nextHeader ?? protocolBefore(place, "nextHeader");
    into[at + 1] = (FIXED + data.length) / 8 - 1;
    into[at + 2] = layer.routingType;
    into[at + 3] = layer.segmentsLeft;
    into.set(data, at + FIXED);
  },
  endpoints(_layer, into, at, outer) {
    const destination = routedTo(into, at, into.length);
    return outer === undefined || destination === 0 ? outer : { ...outer, destination };
  },
};

function dataOf({ addresses, reserved = 0, data }: RoutingLayer): Uint8Array {
  if (data !== undefined) {
    if (addresses !== undefined) throw new TypeError("data must not be given with addresses");
    if (data.length % 8 === 4 && data.length <= MOST) return data;
    throw new RangeError(`data must be 4 bytes and a multiple of 8 more, not ${data.length}`);
  }
  const bytes = new Uint8Array(4 + 16 * (addresses?.length ?? 0));
  if (bytes.length > MOST) throw new RangeError(`There must be fewer addresses than 128`);
  put32(bytes, 0, reserved);
  for (const [i, address] of addresses?.entries() ?? []) {
    writeIpv6(address, "An address of a route", bytes, 4 + 16 * i);
  }
  return bytes;
}

const MOST = 256 * 8 - FIXED;

/**
 * A routing header.
 *
 * @example Usage
 * ```ts
 * import { packet, routing, RoutingHeader } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * const addresses = ["2001:db8::1"];
 * const bytes = packet(routing({ routingType: 2, segmentsLeft: 1, addresses }));
 * assert.deepEqual(RoutingHeader.parse(bytes).addresses, addresses);
 * ```
 */
export class RoutingHeader extends View {
  /** Always `routing`. */
  get layer(): "routing" {
    return "routing";
  }

  /**
   * Reads a header, and checks it.
   *
   * @param bytes What holds it
   * @param start Where it begins
   * @param end Where the payload of the IPv6 packet ends
   * @returns A view of the bytes
   * @throws {WireError} If not all of it is there
   */
  static parse(bytes: Uint8Array, start: number = 0, end: number = bytes.length): RoutingHeader {
    requireHeader("routing", bytes, start, end, 8);
    const size = (bytes[start + 1] + 1) * 8;
    if (start + size > end) throw new WireError("routing", start, size, end - start);
    return new RoutingHeader(bytes, start, start + size, end);
  }

  /** What follows, see `ipProtocol`. */
  get nextHeader(): number {
    return this.bytes[this.start];
  }

  /** Changes it in place. */
  set nextHeader(nextHeader: number) {
    this.bytes[this.start] = requireInteger(nextHeader, "nextHeader", 0, 0xff);
  }

  /** How it is to be read: 0 a source route, 2 of a mobile node, 4 segment routing. */
  get routingType(): number {
    return this.bytes[this.start + 2];
  }

  /** How many stops are still to be visited. */
  get segmentsLeft(): number {
    return this.bytes[this.start + 3];
  }

  /** Changes it in place. */
  set segmentsLeft(count: number) {
    this.bytes[this.start + 3] = requireInteger(count, "segmentsLeft", 0, 0xff);
  }

  /** What follows `segmentsLeft`; not a copy. */
  get data(): Uint8Array {
    return this.bytes.subarray(this.start + FIXED, this.payloadStart);
  }

  /** The stops, if it is of type 0 or 2. */
  get addresses(): string[] | undefined {
    const { bytes, start, payloadStart, routingType } = this;
    const isRoute = routingType === SOURCE_ROUTE || routingType === MOBILE_HOME;
    if (!isRoute || (payloadStart - start) % 16 !== 8) return undefined;
    const addresses: string[] = [];
    for (let at = start + ADDRESSES; at < payloadStart; at += 16) {
      addresses.push(readIpv6(bytes, at));
    }
    return addresses;
  }

  override values(): RoutingLayer {
    const { bytes, start, payloadStart, nextHeader, routingType, segmentsLeft, addresses } = this;
    const common = { layer: "routing", nextHeader, routingType, segmentsLeft } as const;
    return addresses
      ? { ...common, addresses, reserved: get32(bytes, start + FIXED) }
      : { ...common, data: copy(bytes, start + FIXED, payloadStart) };
  }
}

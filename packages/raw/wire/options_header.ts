import { requireInteger } from "../arguments.ts";
import { type Codec, layerOf, protocolBefore } from "./codec.ts";
import { WireError } from "./error.ts";
import { homeAddressIn } from "./ipv6_chain.ts";
import { type Ipv6Option, ipv6OptionBytes, readIpv6Options } from "./ipv6_options.ts";
import { requireFields } from "./limits.ts";
import { requireHeader, View } from "./view.ts";

const LIMITS = { nextHeader: 0xff, options: "array" } as const;

/**
 * The fields of a hop-by-hop or a destination options header.
 *
 * @example Usage
 * ```ts
 * import { hopByHop, type OptionsFields } from "@posixly/raw/wire";
 *
 * const fields: OptionsFields = { options: [{ kind: "routerAlert", value: 0 }] };
 * hopByHop(fields);
 * ```
 */
export interface OptionsFields {
  /** What follows, see `ipProtocol`; by default what follows decides. */
  readonly nextHeader?: number;
  /** The options; padding is added to a multiple of eight bytes. By default only that. */
  readonly options?: readonly Ipv6Option[];
}

/**
 * A hop-by-hop or a destination options header as values.
 *
 * @example Usage
 * ```ts
 * import { destinationOptions, type OptionsLayer } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * const layer: OptionsLayer = destinationOptions({});
 * assert.equal(layer.layer, "destinationOptions");
 * ```
 */
export type OptionsLayer = OptionsFields & { readonly layer: "hopByHop" | "destinationOptions" };

/**
 * Options for every router, RFC 8200 section 4.3, for `packet`: straight after the IPv6 header.
 *
 * @param fields Its fields
 * @returns The layer
 * @throws {TypeError | RangeError} If a field cannot be
 *
 * @example Usage
 * ```ts
 * import { dissect, hopByHop, icmpv6, ipv6, packet } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * const bytes = packet(
 *   ipv6({ source: "fe80::1", destination: "ff02::16", hopLimit: 1 }),
 *   hopByHop({ options: [{ kind: "routerAlert", value: 0 }] }),
 *   icmpv6({ type: 143 }),
 * );
 * const { layers } = dissect(bytes, { link: "ip" });
 * assert.deepEqual(layers.map(({ layer }) => layer), ["ipv6", "hopByHop", "icmpv6"]);
 * ```
 */
export function hopByHop(fields: OptionsFields): OptionsLayer {
  return layerOf<OptionsLayer>("hopByHop", fields, optionsCodec);
}

/**
 * Options for the destination, RFC 8200 section 4.6, for `packet`.
 *
 * @param fields Its fields
 * @returns The layer
 * @throws {TypeError | RangeError} If a field cannot be
 *
 * @example Usage
 * ```ts
 * import { DestinationOptions, destinationOptions, packet } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * const options = [{ kind: "homeAddress", address: "2001:db8::1" }] as const;
 * const header = DestinationOptions.parse(packet(destinationOptions({ options })));
 * assert.deepEqual(header.options[0], options[0]);
 * ```
 */
export function destinationOptions(fields: OptionsFields): OptionsLayer {
  return layerOf<OptionsLayer>("destinationOptions", fields, optionsCodec);
}

export const optionsCodec: Codec<OptionsLayer> = {
  check(layer) {
    requireFields(layer, LIMITS);
    ipv6OptionBytes(layer.options);
  },
  size: ({ options }) => 2 + ipv6OptionBytes(options).length,
  write({ nextHeader, options }, into, at, place) {
    const bytes = ipv6OptionBytes(options);
    into[at] = nextHeader ?? protocolBefore(place, "nextHeader");
    into[at + 1] = (bytes.length + 2) / 8 - 1;
    into.set(bytes, at + 2);
  },
  endpoints({ layer }, into, at, outer) {
    const source = layer === "destinationOptions" ? homeAddressIn(into, at, into.length) : 0;
    return outer === undefined || source === 0 ? outer : { ...outer, source };
  },
};

/**
 * What the two kinds of header with options have in common.
 *
 * @example Usage
 * ```ts
 * import { HopByHopOptions, OptionsHeader, hopByHop, packet } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * const header: OptionsHeader = HopByHopOptions.parse(packet(hopByHop({})));
 * assert.equal(header.header.length, 8);
 * ```
 */
export abstract class OptionsHeader extends View {
  /** What follows, see `ipProtocol`. */
  get nextHeader(): number {
    return this.bytes[this.start];
  }

  /** Changes it in place. */
  set nextHeader(nextHeader: number) {
    this.bytes[this.start] = requireInteger(nextHeader, "nextHeader", 0, 0xff);
  }

  /** The options, padding, unknown and broken ones included. */
  get options(): Ipv6Option[] {
    return readIpv6Options(this.bytes, this.start + 2, this.payloadStart);
  }
}

/**
 * A header with options for every router.
 *
 * @example Usage
 * ```ts
 * import { HopByHopOptions } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * const header = HopByHopOptions.parse(Uint8Array.of(58, 0, 5, 2, 0, 0, 1, 0));
 * assert.deepEqual(header.options[0], { kind: "routerAlert", value: 0 });
 * ```
 */
export class HopByHopOptions extends OptionsHeader {
  /** Always `hopByHop`. */
  get layer(): "hopByHop" {
    return "hopByHop";
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
  static parse(bytes: Uint8Array, start: number = 0, end: number = bytes.length): HopByHopOptions {
    return new HopByHopOptions(bytes, start, requireOptions("hopByHop", bytes, start, end), end);
  }

  override values(): Required<OptionsLayer> {
    const { layer, nextHeader, options } = this;
    return { layer, nextHeader, options };
  }
}

/**
 * A header with options for the destination.
 *
 * @example Usage
 * ```ts
 * import { DestinationOptions } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * const header = DestinationOptions.parse(Uint8Array.of(59, 0, 1, 4, 0, 0, 0, 0));
 * assert.equal(header.nextHeader, 59);
 * ```
 */
export class DestinationOptions extends OptionsHeader {
  /** Always `destinationOptions`. */
  get layer(): "destinationOptions" {
    return "destinationOptions";
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
  static parse(
    bytes: Uint8Array,
    start: number = 0,
    end: number = bytes.length,
  ): DestinationOptions {
    const payloadStart = requireOptions("destinationOptions", bytes, start, end);
    return new DestinationOptions(bytes, start, payloadStart, end);
  }

  override values(): Required<OptionsLayer> {
    const { layer, nextHeader, options } = this;
    return { layer, nextHeader, options };
  }
}

function requireOptions(
  layer: OptionsLayer["layer"],
  bytes: Uint8Array,
  start: number,
  end: number,
): number {
  requireHeader(layer, bytes, start, end, 8);
  const size = (bytes[start + 1] + 1) * 8;
  if (start + size > end) throw new WireError(layer, start, size, end - start);
  return start + size;
}

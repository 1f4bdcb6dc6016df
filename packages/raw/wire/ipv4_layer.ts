import { requireIpv4, writeIpv4 } from "./addresses.ts";
import { requireInteger } from "../arguments.ts";
import { put16 } from "./bytes.ts";
import { checksum } from "./checksum.ts";
import { type Codec, layerOf, protocolBefore, requireFits } from "./codec.ts";
import { type Ipv4Option, ipv4OptionBytes, lastIpv4Destination } from "./ipv4_options.ts";
import { requireFields } from "./limits.ts";

const SIZE = 20;
const MAX = 0xffff;
export const RESERVED = 0x80;
export const DONT_FRAGMENT = 0x40;
export const MORE_FRAGMENTS = 0x20;
const LIMITS = {
  tos: 0xff,
  identification: MAX,
  reservedFlag: "boolean",
  dontFragment: "boolean",
  moreFragments: "boolean",
  fragmentOffset: 0xfff8,
  ttl: 0xff,
  protocol: 0xff,
  options: "array",
  totalLength: MAX,
  checksum: MAX,
  source: "other",
  destination: "other",
} as const;

/**
 * The fields of an IPv4 header.
 *
 * @example Usage
 * ```ts
 * import { ipv4, type Ipv4Fields } from "@posixly/raw/wire";
 *
 * const fields: Ipv4Fields = { source: "10.0.0.1", destination: "10.0.0.2", ttl: 1 };
 * ipv4(fields);
 * ```
 */
export interface Ipv4Fields {
  /** The address it is from. */
  readonly source: string;
  /** The address it is for. */
  readonly destination: string;
  /** The type of service: six bits of DSCP, two of ECN; by default 0. */
  readonly tos?: number;
  /** What the fragments of a packet have in common; by default 0. */
  readonly identification?: number;
  /** A bit that should not be set; by default it is not. */
  readonly reservedFlag?: boolean;
  /** Whether routers must not fragment it; by default they may. */
  readonly dontFragment?: boolean;
  /** Whether fragments follow; by default none do. */
  readonly moreFragments?: boolean;
  /** Where in the packet's payload this fragment belongs, in bytes, a multiple of 8; by default 0. */
  readonly fragmentOffset?: number;
  /** How many routers it may pass; by default 64. */
  readonly ttl?: number;
  /** What it carries, see `ipProtocol`; by default what follows decides. */
  readonly protocol?: number;
  /** Options, 40 bytes of them at most; by default none. */
  readonly options?: readonly Ipv4Option[];
  /** How long it is with its payload, in bytes; by default as long as it is. */
  readonly totalLength?: number;
  /** The checksum of the header; by default the right one. */
  readonly checksum?: number;
}

/**
 * An IPv4 header as values.
 *
 * @example Usage
 * ```ts
 * import { ipv4, type Ipv4Layer } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * const layer: Ipv4Layer = ipv4({ source: "10.0.0.1", destination: "10.0.0.2" });
 * assert.equal(layer.destination, "10.0.0.2");
 * ```
 */
export type Ipv4Layer = Ipv4Fields & { readonly layer: "ipv4" };

/**
 * An IPv4 header, RFC 791, for `packet`.
 *
 * @param fields Its fields
 * @returns The layer
 * @throws {TypeError | RangeError} If a field cannot be
 *
 * @example Usage
 * ```ts
 * import { icmpEcho, ipv4, Ipv4Packet, packet } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * const bytes = packet(
 *   ipv4({ source: "10.0.0.1", destination: "10.0.0.2", dontFragment: true }),
 *   icmpEcho({ id: 1, sequence: 1 }),
 * );
 * const view = Ipv4Packet.parse(bytes);
 * assert.equal(view.totalLength, 28);
 * assert.equal(view.protocol, 1);
 * assert.ok(view.verifyChecksum());
 * ```
 */
export function ipv4(fields: Ipv4Fields): Ipv4Layer {
  return layerOf<Ipv4Layer>("ipv4", fields, ipv4Codec);
}

export const ipv4Codec: Codec<Ipv4Layer> = {
  check(layer) {
    requireFields(layer, LIMITS);
    requireIpv4(layer.source, "source");
    requireIpv4(layer.destination, "destination");
    requireOffset(layer.fragmentOffset ?? 0);
    ipv4OptionBytes(layer.options);
  },
  size: ({ options }) => SIZE + ipv4OptionBytes(options).length,
  write(layer, into, at, place) {
    const options = ipv4OptionBytes(layer.options);
    const { fragmentOffset = 0, totalLength, protocol } = layer;
    into[at] = 0x40 | (SIZE + options.length) >> 2;
    into[at + 1] = layer.tos ?? 0;
    put16(into, at + 2, totalLength ?? requireFits(place.end - at, MAX, "totalLength"));
    put16(into, at + 4, layer.identification ?? 0);
    put16(into, at + 6, fragmentOffset >> 3);
    if (layer.reservedFlag) into[at + 6] |= RESERVED;
    if (layer.dontFragment) into[at + 6] |= DONT_FRAGMENT;
    if (layer.moreFragments) into[at + 6] |= MORE_FRAGMENTS;
    into[at + 8] = layer.ttl ?? 64;
    into[at + 9] = protocol ?? protocolBefore(place, "protocol");
    put16(into, at + 10, layer.checksum ?? 0);
    writeIpv4(layer.source, "source", into, at + 12);
    writeIpv4(layer.destination, "destination", into, at + 16);
    into.set(options, at + SIZE);
  },
  finish(layer, into, at) {
    if (layer.checksum !== undefined) return;
    put16(into, at + 10, checksum(into, at, at + (into[at] & 15) * 4));
  },
  endpoints(_layer, into, at) {
    const end = at + (into[at] & 15) * 4;
    return { source: at + 12, destination: lastIpv4Destination(into, at, end), width: 4 };
  },
};

/** A fragment begins at a multiple of eight bytes. */
export function requireOffset(offset: number): number {
  requireInteger(offset, "fragmentOffset", 0, LIMITS.fragmentOffset);
  if (offset % 8 === 0) return offset;
  throw new RangeError(`fragmentOffset must be a multiple of 8, not ${offset}`);
}

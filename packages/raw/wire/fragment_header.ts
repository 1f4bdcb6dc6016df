import { requireInteger } from "../arguments.ts";
import { get16, get32, put16, put32 } from "./bytes.ts";
import { type Codec, layerOf, protocolBefore } from "./codec.ts";
import { requireFields } from "./limits.ts";
import { requireHeader, View } from "./view.ts";

const SIZE = 8;
const LIMITS = {
  nextHeader: 0xff,
  fragmentOffset: 0xfff8,
  moreFragments: "boolean",
  identification: 0xffff_ffff,
  reserved: 0xff,
  reservedBits: 3,
} as const;

/**
 * The fields of a fragment header.
 *
 * @example Usage
 * ```ts
 * import { fragmentHeader, type FragmentFields } from "@posixly/raw/wire";
 *
 * const fields: FragmentFields = { identification: 7, moreFragments: true };
 * fragmentHeader(fields);
 * ```
 */
export interface FragmentFields {
  /** What follows in the first fragment, see `ipProtocol`; by default what follows decides. */
  readonly nextHeader?: number;
  /** Where this fragment belongs, in bytes, a multiple of 8; by default 0. */
  readonly fragmentOffset?: number;
  /** Whether fragments follow; by default none do. */
  readonly moreFragments?: boolean;
  /** What the fragments of a packet have in common, 32 bits. */
  readonly identification: number;
  /** A byte that should not be set; by default 0. */
  readonly reserved?: number;
  /** Two bits that should not be set; by default 0. */
  readonly reservedBits?: number;
}

/**
 * A fragment header as values.
 *
 * @example Usage
 * ```ts
 * import { fragmentHeader, type FragmentLayer } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * const layer: FragmentLayer = fragmentHeader({ identification: 7 });
 * assert.equal(layer.identification, 7);
 * ```
 */
export type FragmentLayer = FragmentFields & { readonly layer: "fragment" };

/**
 * A fragment header of IPv6, RFC 8200 section 4.5, for `packet`. To cut a packet into fragments,
 * see `fragment`.
 *
 * @param fields Its fields
 * @returns The layer
 * @throws {TypeError | RangeError} If a field cannot be
 *
 * @example Usage
 * ```ts
 * import { dissect, fragmentHeader, ipv6, packet } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * const bytes = packet(
 *   ipv6({ source: "2001:db8::1", destination: "2001:db8::2" }),
 *   fragmentHeader({ identification: 7, fragmentOffset: 1232, nextHeader: 17 }),
 *   new Uint8Array(100),
 * );
 * assert.ok(dissect(bytes, { link: "ip" }).isFragment);
 * ```
 */
export function fragmentHeader(fields: FragmentFields): FragmentLayer {
  return layerOf<FragmentLayer>("fragment", fields, fragmentCodec);
}

export const fragmentCodec: Codec<FragmentLayer> = {
  check(layer) {
    requireInteger(layer.identification, "identification", 0, LIMITS.identification);
    requireFields(layer, LIMITS);
    const { fragmentOffset = 0 } = layer;
    if (fragmentOffset % 8 === 0) return;
    throw new RangeError(`fragmentOffset must be a multiple of 8, not ${fragmentOffset}`);
  },
  size: () => SIZE,
  write(layer, into, at, place) {
    const { fragmentOffset = 0, reservedBits = 0, moreFragments = false } = layer;
    into[at] = layer.nextHeader ?? protocolBefore(place, "nextHeader");
    into[at + 1] = layer.reserved ?? 0;
    put16(into, at + 2, fragmentOffset | reservedBits << 1 | Number(moreFragments));
    put32(into, at + 4, layer.identification);
  },
  endpoints: (_layer, _into, _at, outer) => outer,
};

/**
 * A fragment header of IPv6.
 *
 * @example Usage
 * ```ts
 * import { FragmentHeader } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * const header = FragmentHeader.parse(Uint8Array.of(17, 0, 0x04, 0xd1, 0, 0, 0, 7));
 * assert.equal(header.fragmentOffset, 1232);
 * assert.equal(header.moreFragments, true);
 * assert.equal(header.identification, 7);
 * ```
 */
export class FragmentHeader extends View {
  /** Always `fragment`. */
  get layer(): "fragment" {
    return "fragment";
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
  static parse(bytes: Uint8Array, start: number = 0, end: number = bytes.length): FragmentHeader {
    requireHeader("fragment", bytes, start, end, SIZE);
    return new FragmentHeader(bytes, start, start + SIZE, end);
  }

  /** What follows in the first fragment, see `ipProtocol`. */
  get nextHeader(): number {
    return this.bytes[this.start];
  }

  /** Changes it in place. */
  set nextHeader(nextHeader: number) {
    this.bytes[this.start] = requireInteger(nextHeader, "nextHeader", 0, 0xff);
  }

  /** Where this fragment belongs, in bytes. */
  get fragmentOffset(): number {
    return get16(this.bytes, this.start + 2) & 0xfff8;
  }

  /** Whether fragments follow. */
  get moreFragments(): boolean {
    return (this.bytes[this.start + 3] & 1) !== 0;
  }

  /** What the fragments of a packet have in common. */
  get identification(): number {
    return get32(this.bytes, this.start + 4);
  }

  /** Changes it in place. */
  set identification(identification: number) {
    requireInteger(identification, "identification", 0, LIMITS.identification);
    put32(this.bytes, this.start + 4, identification);
  }

  /** Whether it has all of a packet, RFC 6946. */
  get isAtomic(): boolean {
    return (get16(this.bytes, this.start + 2) & 0xfff9) === 0;
  }

  override values(): Required<FragmentLayer> {
    const { bytes, start, nextHeader, fragmentOffset, moreFragments, identification } = this;
    return {
      layer: "fragment",
      nextHeader,
      fragmentOffset,
      moreFragments,
      identification,
      reserved: bytes[start + 1],
      reservedBits: bytes[start + 3] >> 1 & 3,
    };
  }
}

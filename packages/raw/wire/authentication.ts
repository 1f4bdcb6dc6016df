import { requireInteger } from "../arguments.ts";
import { copy, get16, get32, put16, put32 } from "./bytes.ts";
import { type Codec, layerOf, protocolBefore } from "./codec.ts";
import { WireError } from "./error.ts";
import { requireFields } from "./limits.ts";
import { requireHeader, View } from "./view.ts";

const FIXED = 12;
const LIMITS = {
  nextHeader: 0xff,
  reserved: 0xffff,
  spi: 0xffff_ffff,
  sequence: 0xffff_ffff,
  icv: "bytes",
} as const;

/**
 * The fields of an authentication header.
 *
 * @example Usage
 * ```ts
 * import { authentication, type AuthenticationFields } from "@posixly/raw/wire";
 *
 * const fields: AuthenticationFields = { spi: 256, sequence: 1, icv: new Uint8Array(12) };
 * authentication(fields);
 * ```
 */
export interface AuthenticationFields {
  /** What follows, see `ipProtocol`; by default what follows decides. */
  readonly nextHeader?: number;
  /** Two bytes that should not be set; by default 0. */
  readonly reserved?: number;
  /** The index of the security parameters. */
  readonly spi: number;
  /** Which packet it is. */
  readonly sequence: number;
  /** The value to check the integrity with, a multiple of 4 bytes; by default none. */
  readonly icv?: Uint8Array;
}

/**
 * An authentication header as values.
 *
 * @example Usage
 * ```ts
 * import { authentication, type AuthenticationLayer } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * const layer: AuthenticationLayer = authentication({ spi: 256, sequence: 1 });
 * assert.equal(layer.spi, 256);
 * ```
 */
export type AuthenticationLayer = AuthenticationFields & { readonly layer: "authentication" };

/**
 * An authentication header of IPsec, RFC 4302, for `packet`, over IPv4 or IPv6. The value that it
 * carries is not calculated.
 *
 * @param fields Its fields
 * @returns The layer
 * @throws {TypeError | RangeError} If a field cannot be
 *
 * @example Usage
 * ```ts
 * import { AuthenticationHeader, authentication, packet } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * const bytes = packet(authentication({ spi: 256, sequence: 1, icv: new Uint8Array(12) }));
 * assert.equal(AuthenticationHeader.parse(bytes).header.length, 24);
 * ```
 */
export function authentication(fields: AuthenticationFields): AuthenticationLayer {
  return layerOf<AuthenticationLayer>("authentication", fields, authenticationCodec);
}

export const authenticationCodec: Codec<AuthenticationLayer> = {
  check(layer) {
    requireInteger(layer.spi, "spi", 0, LIMITS.spi);
    requireInteger(layer.sequence, "sequence", 0, LIMITS.sequence);
    requireFields(layer, LIMITS);
    const { length } = layer.icv ?? [];
    if (length % 4 === 0 && length <= MOST) return;
    throw new RangeError(`icv must be a multiple of 4 bytes, ${MOST} at most, not ${length}`);
  },
  size: ({ icv }) => FIXED + (icv?.length ?? 0),
  write({ nextHeader, reserved = 0, spi, sequence, icv }, into, at, place) {
    into[at] = nextHeader ?? protocolBefore(place, "nextHeader");
    into[at + 1] = (FIXED + (icv?.length ?? 0)) / 4 - 2;
    put16(into, at + 2, reserved);
    put32(into, at + 4, spi);
    put32(into, at + 8, sequence);
    if (icv) into.set(icv, at + FIXED);
  },
  endpoints: (_layer, _into, _at, outer) => outer,
};

const MOST = (255 + 2) * 4 - FIXED;

/**
 * An authentication header.
 *
 * @example Usage
 * ```ts
 * import { authentication, AuthenticationHeader, packet } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * const header = AuthenticationHeader.parse(packet(authentication({ spi: 256, sequence: 1 })));
 * assert.equal(header.spi, 256);
 * ```
 */
export class AuthenticationHeader extends View {
  /** Always `authentication`. */
  get layer(): "authentication" {
    return "authentication";
  }

  /**
   * Reads a header, and checks it.
   *
   * @param bytes What holds it
   * @param start Where it begins
   * @param end Where the payload of the IP packet ends
   * @returns A view of the bytes
   * @throws {WireError} If it is none, or not all of it is there
   */
  static parse(
    bytes: Uint8Array,
    start: number = 0,
    end: number = bytes.length,
  ): AuthenticationHeader {
    requireHeader("authentication", bytes, start, end, FIXED);
    const size = (bytes[start + 1] + 2) * 4;
    if (size < FIXED) {
      const fault = `its length ${size} is less than ${FIXED}`;
      throw new WireError("authentication", start, FIXED, end - start, fault);
    }
    if (start + size > end) throw new WireError("authentication", start, size, end - start);
    return new AuthenticationHeader(bytes, start, start + size, end);
  }

  /** What follows, see `ipProtocol`. */
  get nextHeader(): number {
    return this.bytes[this.start];
  }

  /** Changes it in place. */
  set nextHeader(nextHeader: number) {
    this.bytes[this.start] = requireInteger(nextHeader, "nextHeader", 0, 0xff);
  }

  /** The index of the security parameters. */
  get spi(): number {
    return get32(this.bytes, this.start + 4);
  }

  /** Which packet it is. */
  get sequence(): number {
    return get32(this.bytes, this.start + 8);
  }

  /** The value to check the integrity with; not a copy. */
  get icv(): Uint8Array {
    return this.bytes.subarray(this.start + FIXED, this.payloadStart);
  }

  override values(): Required<AuthenticationLayer> {
    const { bytes, start, payloadStart, nextHeader, spi, sequence } = this;
    return {
      layer: "authentication",
      nextHeader,
      reserved: get16(bytes, start + 2),
      spi,
      sequence,
      icv: copy(bytes, start + FIXED, payloadStart),
    };
  }
}

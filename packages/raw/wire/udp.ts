import { requireInteger } from "../arguments.ts";
import { get16, put16 } from "./bytes.ts";
import { checksum, pseudoHeader4, pseudoHeader6 } from "./checksum.ts";
import { type Codec, type Endpoints, layerOf, requireFits } from "./codec.ts";
import { WireError } from "./error.ts";
import type { IpPacket } from "./ip.ts";
import { requireFields } from "./limits.ts";
import { ipProtocol } from "./numbers.ts";
import { requireEnd, requireHeader, View } from "./view.ts";

const SIZE = 8;
const MAX = 0xffff;
const LIMITS = { sourcePort: MAX, destinationPort: MAX, length: MAX, checksum: MAX };

/**
 * The fields of a UDP header.
 *
 * @example Usage
 * ```ts
 * import { udp, type UdpFields } from "@posixly/raw/wire";
 *
 * const fields: UdpFields = { sourcePort: 40000, destinationPort: 53 };
 * udp(fields);
 * ```
 */
export interface UdpFields {
  /** The port it is from. */
  readonly sourcePort: number;
  /** The port it is for. */
  readonly destinationPort: number;
  /** How long it is with its payload, in bytes; by default as long as it is. */
  readonly length?: number;
  /**
   * The checksum; by default the right one, with the pseudo header of the IP layer before it, or 0
   * if there is none. 0 says that there is no checksum, which only IPv4 allows.
   */
  readonly checksum?: number;
}

/**
 * A UDP header as values.
 *
 * @example Usage
 * ```ts
 * import { udp, type UdpLayer } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * const layer: UdpLayer = udp({ sourcePort: 40000, destinationPort: 53 });
 * assert.equal(layer.destinationPort, 53);
 * ```
 */
export type UdpLayer = UdpFields & { readonly layer: "udp" };

/**
 * A UDP header, RFC 768, for `packet`.
 *
 * @param fields Its fields
 * @returns The layer
 * @throws {TypeError | RangeError} If a field cannot be
 *
 * @example Usage
 * ```ts
 * import { ipv4, packet, udp } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * const bytes = packet(
 *   ipv4({ source: "192.168.1.1", destination: "192.168.1.2" }),
 *   udp({ sourcePort: 48896, destinationPort: 53 }),
 *   new Uint8Array([0xaa, 0, 0, 0xff]),
 * );
 * assert.deepEqual(bytes.subarray(26, 28), new Uint8Array([0x12, 0x4d])); // its checksum
 * ```
 */
export function udp(fields: UdpFields): UdpLayer {
  return layerOf<UdpLayer>("udp", fields, udpCodec);
}

export const udpCodec: Codec<UdpLayer> = {
  check(layer) {
    requireInteger(layer.sourcePort, "sourcePort", 0, MAX);
    requireInteger(layer.destinationPort, "destinationPort", 0, MAX);
    requireFields(layer, LIMITS);
  },
  size: () => SIZE,
  write({ sourcePort, destinationPort, length, checksum = 0 }, into, at, { end }) {
    put16(into, at, sourcePort);
    put16(into, at + 2, destinationPort);
    put16(into, at + 4, length ?? requireFits(end - at, MAX, "length"));
    put16(into, at + 6, checksum);
  },
  finish(layer, into, at, { end, endpoints }) {
    if (layer.checksum !== undefined || endpoints === undefined) return;
    const sum = checksum(into, at, end, pseudoHeaderOf(into, endpoints, ipProtocol.udp, end - at));
    put16(into, at + 6, sum || MAX);
  },
};

/** The sum of the pseudo header of what is being built. */
export function pseudoHeaderOf(
  bytes: Uint8Array,
  { source, destination, width }: Endpoints,
  protocol: number,
  length: number,
): number {
  const pseudoHeader = width === 4 ? pseudoHeader4 : pseudoHeader6;
  return pseudoHeader(bytes, source, destination, protocol, length);
}

/**
 * A UDP datagram. A length of 0 is that of one too long for the field, in a jumbogram, RFC 2675; it
 * ends where the bytes do. `dissect` takes it nowhere else.
 *
 * @example Usage
 * ```ts
 * import { packet, udp, UdpDatagram } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * const bytes = packet(udp({ sourcePort: 7, destinationPort: 9 }), new Uint8Array([1, 2]));
 * const datagram = UdpDatagram.parse(bytes);
 * assert.equal(datagram.destinationPort, 9);
 * assert.deepEqual(datagram.payload, new Uint8Array([1, 2]));
 * ```
 */
export class UdpDatagram extends View {
  /** Always `udp`. */
  get layer(): "udp" {
    return "udp";
  }

  /**
   * Reads a datagram, and checks it.
   *
   * @param bytes What holds it
   * @param start Where it begins
   * @param end Where the payload of the IP packet ends
   * @returns A view of the bytes
   * @throws {WireError} If it is none, or is longer than that payload
   */
  static parse(bytes: Uint8Array, start: number = 0, end: number = bytes.length): UdpDatagram {
    return UdpDatagram.#read(bytes, start, end, false);
  }

  /**
   * The same for a datagram of which the end may be missing.
   *
   * @param bytes What holds it
   * @param start Where it begins
   * @param end Where the payload of the IP packet ends
   * @returns A view of the bytes
   * @throws {WireError} If it is none, or its header is not there
   */
  static parseLax(bytes: Uint8Array, start: number = 0, end: number = bytes.length): UdpDatagram {
    return UdpDatagram.#read(bytes, start, end, true);
  }

  static #read(bytes: Uint8Array, start: number, end: number, lax: boolean): UdpDatagram {
    requireHeader("udp", bytes, start, end, SIZE);
    const length = get16(bytes, start + 4);
    if (length === 0) return new UdpDatagram(bytes, start, start + SIZE, end);
    if (length < SIZE) {
      const fault = `its length ${length} is less than that of its header, ${SIZE}`;
      throw new WireError("udp", start, SIZE, end - start, fault);
    }
    const payloadEnd = requireEnd("udp", start, start + length, end, lax);
    return new UdpDatagram(bytes, start, start + SIZE, payloadEnd);
  }

  /** The port it is from. */
  get sourcePort(): number {
    return this.bytes[this.start] << 8 | this.bytes[this.start + 1];
  }

  /** Changes it in place. */
  set sourcePort(port: number) {
    put16(this.bytes, this.start, requireInteger(port, "sourcePort", 0, MAX));
  }

  /** The port it is for. */
  get destinationPort(): number {
    return this.bytes[this.start + 2] << 8 | this.bytes[this.start + 3];
  }

  /** Changes it in place. */
  set destinationPort(port: number) {
    put16(this.bytes, this.start + 2, requireInteger(port, "destinationPort", 0, MAX));
  }

  /** How long it says it is, in bytes, its header included. */
  get length(): number {
    return get16(this.bytes, this.start + 4);
  }

  /** Changes it in place. */
  set length(length: number) {
    put16(this.bytes, this.start + 4, requireInteger(length, "length", 0, MAX));
  }

  /** Whether it does not say how long it is, so that it ends where the bytes do. */
  get lengthUnknown(): boolean {
    return this.length === 0;
  }

  override get missing(): number {
    return Math.max(0, this.length - (this.payloadEnd - this.start));
  }

  /** The checksum, as it is there; 0 is none. */
  get checksum(): number {
    return get16(this.bytes, this.start + 6);
  }

  /** Changes it in place. */
  set checksum(checksum: number) {
    put16(this.bytes, this.start + 6, requireInteger(checksum, "checksum", 0, MAX));
  }

  /**
   * Whether the checksum is right. Over IPv4, there may be none, and nothing is then wrong.
   *
   * @param ip The packet it is in, which has the addresses of the pseudo header
   * @returns Whether it is
   */
  verifyChecksum(ip: IpPacket): boolean {
    if (this.checksum === 0) return ip.layer === "ipv4";
    const { bytes, start, payloadEnd } = this;
    const initial = ip.pseudoHeader(ipProtocol.udp, payloadEnd - start);
    return checksum(bytes, start, payloadEnd, initial) === 0;
  }

  /**
   * Writes the right checksum, after fields or the payload were changed.
   *
   * @param ip The packet it is in
   */
  updateChecksum(ip: IpPacket): void {
    const { bytes, start, payloadEnd } = this;
    put16(bytes, start + 6, 0);
    const initial = ip.pseudoHeader(ipProtocol.udp, payloadEnd - start);
    put16(bytes, start + 6, checksum(bytes, start, payloadEnd, initial) || MAX);
  }

  override values(): Required<UdpLayer> {
    const { sourcePort, destinationPort, length, checksum } = this;
    return { layer: "udp", sourcePort, destinationPort, length, checksum };
  }
}

import { readMac, requireMac, writeMac } from "./addresses.ts";
import { requireInteger } from "../arguments.ts";
import { get16, put16 } from "./bytes.ts";
import { type Codec, layerOf, MAX_LENGTH, typeBefore } from "./codec.ts";
import { requireFields } from "./limits.ts";
import { requireEnd, requireHeader, View } from "./view.ts";

const SIZE = 14;
const LIMITS = {
  type: 0xffff,
  source: "other",
  destination: "other",
} as const;

/**
 * The fields of an Ethernet frame's header.
 *
 * @example Usage
 * ```ts
 * import { ethernet, type EthernetFields } from "@posixly/raw/wire";
 *
 * const fields: EthernetFields = { source: "02:00:00:00:00:01", destination: "ff:ff:ff:ff:ff:ff" };
 * ethernet(fields);
 * ```
 */
export interface EthernetFields {
  /** The hardware address that it is for, such as `ff:ff:ff:ff:ff:ff`. */
  readonly destination: string;
  /** The hardware address that it is from. */
  readonly source: string;
  /**
   * What it carries, see `etherType`; up to 1500 it is a length, IEEE 802.3. By default what
   * follows decides, and before mere bytes it is their length.
   */
  readonly type?: number;
}

/**
 * An Ethernet frame's header as values.
 *
 * @example Usage
 * ```ts
 * import { ethernet, type EthernetLayer } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * const ends = { source: "02:00:00:00:00:01", destination: "ff:ff:ff:ff:ff:ff" };
 * const layer: EthernetLayer = ethernet(ends);
 * assert.equal(layer.layer, "ethernet");
 * ```
 */
export type EthernetLayer = EthernetFields & { readonly layer: "ethernet" };

/**
 * An Ethernet frame's header, for `packet`.
 *
 * @param fields Its fields
 * @returns The layer
 * @throws {TypeError | RangeError} If a field cannot be
 *
 * @example Usage
 * ```ts
 * import { arp, ethernet, EthernetFrame, packet } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * const frame = packet(
 *   ethernet({ source: "02:00:00:00:00:01", destination: "ff:ff:ff:ff:ff:ff" }),
 *   arp({ senderProtocol: "10.0.0.1", targetProtocol: "10.0.0.2" }),
 * );
 * assert.equal(EthernetFrame.parse(frame).type, 0x0806);
 * ```
 */
export function ethernet(fields: EthernetFields): EthernetLayer {
  return layerOf<EthernetLayer>("ethernet", fields, ethernetCodec);
}

export const ethernetCodec: Codec<EthernetLayer> = {
  check(layer) {
    requireFields(layer, LIMITS);
    requireMac(layer.source, "source", 6);
    requireMac(layer.destination, "destination", 6);
  },
  size: () => SIZE,
  write({ destination, source, type }, into, at, place) {
    writeMac(destination, "destination", into, at);
    writeMac(source, "source", into, at + 6);
    put16(into, at + 12, type ?? typeBefore(place, at + SIZE));
  },
};

/**
 * An Ethernet frame: Ethernet II, or IEEE 802.3 with a length. The frame check sequence, which
 * follows on the wire, is not seen by programs.
 *
 * @example Usage
 * ```ts
 * import { EthernetFrame } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * const bytes = new Uint8Array(60);
 * bytes.set([2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x08, 0x06]);
 * const frame = EthernetFrame.parse(bytes);
 * assert.equal(frame.source, "02:00:00:00:00:01");
 * assert.equal(frame.payloadLength, 46);
 * ```
 */
export class EthernetFrame extends View {
  /** Always `ethernet`. */
  get layer(): "ethernet" {
    return "ethernet";
  }

  /**
   * Reads a frame, and checks it.
   *
   * @param bytes What holds it
   * @param start Where it begins
   * @param end Where it ends
   * @returns A view of the bytes
   * @throws {WireError} If it is none
   */
  static parse(
    bytes: Uint8Array,
    start: number = 0,
    end: number = bytes.length,
  ): EthernetFrame {
    return EthernetFrame.#read(bytes, start, end, false);
  }

  /**
   * The same for a frame of which the end may be missing.
   *
   * @param bytes What holds it
   * @param start Where it begins
   * @param end Where it ends
   * @returns A view of the bytes
   * @throws {WireError} If its header is not there
   */
  static parseLax(
    bytes: Uint8Array,
    start: number = 0,
    end: number = bytes.length,
  ): EthernetFrame {
    return EthernetFrame.#read(bytes, start, end, true);
  }

  static #read(bytes: Uint8Array, start: number, end: number, lax: boolean): EthernetFrame {
    requireHeader("ethernet", bytes, start, end, SIZE);
    const type = get16(bytes, start + 12);
    const payloadStart = start + SIZE;
    if (type > MAX_LENGTH) return new EthernetFrame(bytes, start, payloadStart, end);
    const payloadEnd = requireEnd("ethernet", start, payloadStart + type, end, lax);
    return new EthernetFrame(bytes, start, payloadStart, payloadEnd);
  }

  /** The hardware address that the frame is for. */
  get destination(): string {
    return readMac(this.bytes, this.start);
  }

  /** Changes it in place. */
  set destination(address: string) {
    writeMac(address, "destination", this.bytes, this.start);
  }

  /** The same as bytes; not a copy. */
  get destinationBytes(): Uint8Array {
    return this.bytes.subarray(this.start, this.start + 6);
  }

  /** The hardware address that the frame is from. */
  get source(): string {
    return readMac(this.bytes, this.start + 6);
  }

  /** Changes it in place. */
  set source(address: string) {
    writeMac(address, "source", this.bytes, this.start + 6);
  }

  /** The same as bytes; not a copy. */
  get sourceBytes(): Uint8Array {
    return this.bytes.subarray(this.start + 6, this.start + 12);
  }

  /** What the frame carries, see `etherType`; a length if it is 1500 at most. */
  get type(): number {
    return this.bytes[this.start + 12] << 8 | this.bytes[this.start + 13];
  }

  /** Changes it in place. */
  set type(type: number) {
    put16(this.bytes, this.start + 12, requireInteger(type, "type", 0, 0xffff));
  }

  /** Whether `type` is the length of the payload, IEEE 802.3. */
  get isLength(): boolean {
    return this.type <= MAX_LENGTH;
  }

  override get missing(): number {
    return this.isLength ? Math.max(0, this.type - this.payloadLength) : 0;
  }

  override values(): Required<EthernetLayer> {
    const { destination, source, type } = this;
    return { layer: "ethernet", destination, source, type };
  }
}

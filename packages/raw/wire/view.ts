import { type LayerName, WireError } from "./error.ts";
import { requireRange } from "./range.ts";

/**
 * One layer of a packet, where it lies. It is checked once, when it is parsed; its fields are then
 * plain reads of the bytes, which cannot fail, and writes in place. Nothing is copied: whoever
 * fills the bytes anew changes what is read.
 *
 * @example Usage
 * ```ts
 * import { ipv4, Ipv4Packet, packet, type View } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * const bytes = packet(
 *   ipv4({ source: "10.0.0.1", destination: "10.0.0.2", protocol: 253 }),
 *   new Uint8Array([1, 2, 3]),
 * );
 * const view: View = Ipv4Packet.parse(bytes);
 * assert.equal(view.payloadStart, 20);
 * assert.deepEqual(view.payload, new Uint8Array([1, 2, 3]));
 * ```
 */
export abstract class View {
  // Declared, not defined: that would write each field twice.

  /** What holds the layer: all of the packet, as it was given. */
  declare readonly bytes: Uint8Array;
  /** Where in the bytes the header begins. */
  declare readonly start: number;
  /** Where the header ends, and the payload begins. */
  declare readonly payloadStart: number;
  /** Where the payload ends, as the header says. */
  declare readonly payloadEnd: number;

  /**
   * @param bytes What holds the layer
   * @param start Where the header begins
   * @param payloadStart Where the payload begins
   * @param payloadEnd Where it ends
   */
  protected constructor(
    bytes: Uint8Array,
    start: number,
    payloadStart: number,
    payloadEnd: number,
  ) {
    this.bytes = bytes;
    this.start = start;
    this.payloadStart = payloadStart;
    this.payloadEnd = payloadEnd;
  }

  /** What the layer is. */
  abstract readonly layer: LayerName;

  /** The bytes of the header, options included; not a copy. */
  get header(): Uint8Array {
    return this.bytes.subarray(this.start, this.payloadStart);
  }

  /** The bytes that the layer carries; not a copy. */
  get payload(): Uint8Array {
    return this.bytes.subarray(this.payloadStart, this.payloadEnd);
  }

  /** How many bytes it carries. */
  get payloadLength(): number {
    return this.payloadEnd - this.payloadStart;
  }

  /**
   * How many bytes of the payload the header promises and are not there: 0 unless the layer was
   * read by `parseLax`.
   */
  get missing(): number {
    return 0;
  }

  /**
   * All fields, as a builder takes them.
   *
   * @returns A layer that `packet` makes the same bytes of
   */
  abstract values(): { readonly layer: LayerName };
}

/** Throws unless there is room for the smallest header. */
export function requireHeader(
  layer: LayerName,
  bytes: Uint8Array,
  start: number,
  end: number,
  size: number,
): void {
  requireRange(bytes, start, end);
  if (end - start < size) throw new WireError(layer, start, size, end - start);
}

/** Where a payload ends of which the header says where: no later than the bytes do. */
export function requireEnd(
  layer: LayerName,
  start: number,
  declared: number,
  end: number,
  lax: boolean,
): number {
  if (declared <= end) return declared;
  if (lax) return end;
  throw new WireError(layer, start, declared - start, end - start);
}

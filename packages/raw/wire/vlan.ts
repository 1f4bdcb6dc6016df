import { requireInteger } from "../arguments.ts";
import { get16, put16 } from "./bytes.ts";
import { type Codec, layerOf, MAX_LENGTH, typeBefore } from "./codec.ts";
import { requireFields } from "./limits.ts";
import { requireEnd, requireHeader, View } from "./view.ts";

const SIZE = 4;
const LIMITS = { id: 0xfff, priority: 7, dropEligible: "boolean", type: 0xffff } as const;

/**
 * The fields of the tag of a VLAN.
 *
 * @example Usage
 * ```ts
 * import { vlan, type VlanFields } from "@posixly/raw/wire";
 *
 * const fields: VlanFields = { id: 42, priority: 5 };
 * vlan(fields);
 * ```
 */
export interface VlanFields {
  /** Which VLAN, 0 to 4095; 0 is none, the tag then only gives a priority. */
  readonly id: number;
  /** The priority code point, 0 to 7; by default 0. */
  readonly priority?: number;
  /** Whether the frame may be dropped first; by default not. */
  readonly dropEligible?: boolean;
  /** What it carries, see `etherType`; by default what follows decides. */
  readonly type?: number;
}

/**
 * The tag of a VLAN as values.
 *
 * @example Usage
 * ```ts
 * import { vlan, type VlanLayer } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * const layer: VlanLayer = vlan({ id: 42 });
 * assert.equal(layer.id, 42);
 * ```
 */
export type VlanLayer = VlanFields & { readonly layer: "vlan" };

/**
 * The tag of a VLAN, IEEE 802.1Q, for `packet`. Two of them nest (802.1ad): the type before the
 * outer one is then that of a provider's tag.
 *
 * @param fields Its fields
 * @returns The layer
 * @throws {TypeError | RangeError} If a field cannot be
 *
 * @example Usage
 * ```ts
 * import { dissect, ethernet, ipv4, packet, vlan } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * const frame = packet(
 *   ethernet({ source: "02:00:00:00:00:01", destination: "02:00:00:00:00:02" }),
 *   vlan({ id: 100 }),
 *   vlan({ id: 42 }),
 *   ipv4({ source: "10.0.0.1", destination: "10.0.0.2" }),
 * );
 * const { ethernet: outer, vlans } = dissect(frame);
 * assert.equal(outer!.type, 0x88a8);
 * assert.deepEqual(vlans.map(({ id }) => id), [100, 42]);
 * ```
 */
export function vlan(fields: VlanFields): VlanLayer {
  return layerOf<VlanLayer>("vlan", fields, vlanCodec);
}

export const vlanCodec: Codec<VlanLayer> = {
  check(layer) {
    requireInteger(layer.id, "id", 0, LIMITS.id);
    requireFields(layer, LIMITS);
  },
  size: () => SIZE,
  write({ id, priority = 0, dropEligible = false, type }, into, at, place) {
    put16(into, at, priority << 13 | Number(dropEligible) << 12 | id);
    put16(into, at + 2, type ?? typeBefore(place, at + SIZE));
  },
};

/**
 * The tag of a VLAN, without the type before it which says that it is one: it begins with the
 * priority.
 *
 * @example Usage
 * ```ts
 * import { VlanTag } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * const tag = VlanTag.parse(new Uint8Array([0xa0, 0x2a, 0x08, 0x00]));
 * assert.equal(tag.id, 42);
 * assert.equal(tag.priority, 5);
 * assert.equal(tag.type, 0x0800);
 * ```
 */
export class VlanTag extends View {
  /** Always `vlan`. */
  get layer(): "vlan" {
    return "vlan";
  }

  /**
   * Reads a tag, and checks it.
   *
   * @param bytes What holds it
   * @param start Where it begins
   * @param end Where what it carries ends
   * @returns A view of the bytes
   * @throws {WireError} If it is none
   */
  static parse(bytes: Uint8Array, start: number = 0, end: number = bytes.length): VlanTag {
    return VlanTag.#read(bytes, start, end, false);
  }

  /**
   * The same where the end of the payload may be missing.
   *
   * @param bytes What holds it
   * @param start Where it begins
   * @param end Where what it carries ends
   * @returns A view of the bytes
   * @throws {WireError} If the tag is not there
   */
  static parseLax(bytes: Uint8Array, start: number = 0, end: number = bytes.length): VlanTag {
    return VlanTag.#read(bytes, start, end, true);
  }

  static #read(bytes: Uint8Array, start: number, end: number, lax: boolean): VlanTag {
    requireHeader("vlan", bytes, start, end, SIZE);
    const type = get16(bytes, start + 2);
    const declared = type > MAX_LENGTH ? end : start + SIZE + type;
    return new VlanTag(bytes, start, start + SIZE, requireEnd("vlan", start, declared, end, lax));
  }

  /** Which VLAN. */
  get id(): number {
    return get16(this.bytes, this.start) & 0xfff;
  }

  /** Changes it in place. */
  set id(id: number) {
    this.#control = get16(this.bytes, this.start) & 0xf000 | requireInteger(id, "id", 0, 0xfff);
  }

  /** The priority code point, 0 to 7. */
  get priority(): number {
    return this.bytes[this.start] >> 5;
  }

  /** Changes it in place. */
  set priority(priority: number) {
    requireInteger(priority, "priority", 0, 7);
    this.#control = get16(this.bytes, this.start) & 0x1fff | priority << 13;
  }

  /** Whether the frame may be dropped first. */
  get dropEligible(): boolean {
    return (this.bytes[this.start] & 0x10) !== 0;
  }

  /** Changes it in place. */
  set dropEligible(may: boolean) {
    this.#control = get16(this.bytes, this.start) & 0xefff | (may ? 0x1000 : 0);
  }

  set #control(value: number) {
    put16(this.bytes, this.start, value);
  }

  /** What the frame carries, see `etherType`; a length if it is 1500 at most. */
  get type(): number {
    return get16(this.bytes, this.start + 2);
  }

  /** Changes it in place. */
  set type(type: number) {
    put16(this.bytes, this.start + 2, requireInteger(type, "type", 0, 0xffff));
  }

  override get missing(): number {
    return this.type > MAX_LENGTH ? 0 : Math.max(0, this.type - this.payloadLength);
  }

  override values(): Required<VlanLayer> {
    const { id, priority, dropEligible, type } = this;
    return { layer: "vlan", id, priority, dropEligible, type };
  }
}

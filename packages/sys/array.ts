import { show } from "./arguments.ts";
import {
  type Field,
  type InputOf,
  type Layout,
  layoutOf,
  type ValueOf,
  type ViewOf,
} from "./layout.ts";

/**
 * Lays out bytes that mean nothing to C, or text of fixed length: a `char[n]`.
 * Reading gives a `Uint8Array`, looking one that shares the memory. A shorter
 * value is filled up with zeros.
 *
 * @param length How many bytes
 * @returns The layout
 *
 * @example Usage
 * ```ts
 * import { bytes, struct } from "@posixly/sys/struct";
 * import assert from "node:assert/strict";
 *
 * const name = struct({ name: bytes(16) });
 * const encoded = name.encode({ name: new TextEncoder().encode("lo") });
 * assert.deepEqual(encoded.subarray(0, 3), new Uint8Array([0x6c, 0x6f, 0]));
 * ```
 */
export function bytes(length: number): Layout<Uint8Array, Uint8Array, Uint8Array> {
  requireLength(length);
  const look = (data: DataView, at: number) =>
    new Uint8Array(data.buffer, data.byteOffset + at, length);
  return {
    size: length,
    align: 1,
    look,
    read: (data, at) => look(data, at).slice(),
    write(data, at, value) {
      if (!(value instanceof Uint8Array) || value.length > length) {
        throw new TypeError(`must be a Uint8Array of at most ${length} bytes`);
      }
      const into = look(data, at);
      into.set(value);
      into.fill(0, value.length);
    },
  };
}

/**
 * The elements of an array in memory.
 *
 * @example Usage
 * ```ts
 * import { array, type Elements, struct } from "@posixly/sys/struct";
 * import assert from "node:assert/strict";
 *
 * const { pair } = struct({ pair: array("u16", 2) }).view(new Uint8Array(4));
 * const elements: Elements<number, number> = pair;
 * elements.set(1, 9);
 * assert.deepEqual([...elements], [0, 9]);
 * ```
 */
export interface Elements<View, Input> extends Iterable<View> {
  /** How many elements there are. */
  readonly length: number;
  /**
   * Looks at one element.
   *
   * @throws {RangeError} If there is none
   */
  get(index: number): View;
  /**
   * Writes one element.
   *
   * @throws {RangeError} If there is none
   */
  set(index: number, value: Input): void;
}

/**
 * Lays out an array.
 *
 * @param element What it holds: a scalar's name or any layout
 * @param length How many of them
 * @returns The layout; fewer values than `length` may be written
 *
 * @example Usage
 * ```ts
 * import { array, struct } from "@posixly/sys/struct";
 * import assert from "node:assert/strict";
 *
 * const sigset = struct({ bits: array("bigu64", 16) });
 * assert.equal(sigset.size, 128);
 * ```
 */
export function array<const F extends Field>(
  element: F,
  length: number,
): Layout<ValueOf<F>[], Elements<ViewOf<F>, InputOf<F>>, readonly InputOf<F>[]> {
  requireLength(length);
  const { size, align, read, look, write } = layoutOf(element);
  return {
    size: size * length,
    align,
    read: (data, at) => Array.from({ length }, (_, i) => read(data, at + i * size) as ValueOf<F>),
    look(data, at) {
      const place = (index: number) => {
        if (Number.isInteger(index) && index >= 0 && index < length) return at + index * size;
        throw new RangeError(`there is no element ${index} in an array of ${length}`);
      };
      return {
        length,
        get: (index) => look(data, place(index)) as ViewOf<F>,
        set: (index, value) => write(data, place(index), value),
        *[Symbol.iterator]() {
          for (let i = 0; i < length; i++) yield look(data, at + i * size) as ViewOf<F>;
        },
      };
    },
    write(data, at, values) {
      // What looking gives can be written elsewhere.
      if (typeof values !== "object" || !(values?.length <= length)) {
        throw new TypeError(`must be an array of at most ${length} elements`);
      }
      // They may be views of this very memory: none is overwritten before it is read.
      const place = new Uint8Array(data.buffer, data.byteOffset + at, size * values.length);
      const written = place.slice();
      const copy = new DataView(written.buffer);
      Array.from(values).forEach((value, i) => write(copy, i * size, value));
      place.set(written);
    },
  };
}

function requireLength(length: number): void {
  if (!Number.isSafeInteger(length) || length < 0) {
    throw new RangeError(`length must be a whole number from 0, not ${show(length)}`);
  }
}

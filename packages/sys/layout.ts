import { show } from "./arguments.ts";

/**
 * How a kind of value lies in memory. Scalars, arrays, structs and unions all
 * are layouts, and so nest. The byte order is little-endian, as on every
 * platform that can be bound, but for the scalars whose name ends in `be`.
 *
 * @typeParam Value What is read out of memory, as a copy
 * @typeParam View What looks into memory, without a copy; a scalar's is its value
 * @typeParam Input What may be written
 *
 * @example Usage
 * ```ts
 * import { bytes, type Layout } from "@posixly/sys/struct";
 * import assert from "node:assert/strict";
 *
 * const mac: Layout<Uint8Array, Uint8Array, Uint8Array> = bytes(6);
 * assert.equal(mac.size, 6);
 * ```
 */
export interface Layout<Value, View, Input> {
  /** How many bytes it takes, `sizeof`. */
  readonly size: number;
  /** What its address is a multiple of, `_Alignof`. */
  readonly align: number;
  /** Reads a copy; the caller knows that `size` bytes are there. */
  read(data: DataView, at: number): Value;
  /** Looks in without a copy; the caller knows that `size` bytes are there. */
  look(data: DataView, at: number): View;
  /** Writes a checked value; the caller knows that `size` bytes are there. */
  write(data: DataView, at: number, value: Input): void;
}

/**
 * The scalars of C. `u64` and `i64` are numbers where those are exact and bigints
 * beyond; `bigu64` and `bigi64` are always bigints. All of them may be written
 * as either. `u16be` and `u32be` are in network byte order.
 *
 * @example Usage
 * ```ts
 * import { type Scalar, struct } from "@posixly/sys/struct";
 * import assert from "node:assert/strict";
 *
 * const port: Scalar = "u16be";
 * assert.deepEqual(struct({ port }).encode({ port: 80 }), new Uint8Array([0, 80]));
 * ```
 */
export type Scalar = keyof Scalars;

type ScalarLayout<Value, Input = Value> = Layout<Value, Value, Input>;

/** What each scalar is read as, and written from. */
interface Scalars {
  readonly u8: ScalarLayout<number>;
  readonly i8: ScalarLayout<number>;
  readonly u16: ScalarLayout<number>;
  readonly i16: ScalarLayout<number>;
  readonly u32: ScalarLayout<number>;
  readonly i32: ScalarLayout<number>;
  readonly u16be: ScalarLayout<number>;
  readonly u32be: ScalarLayout<number>;
  readonly u64: ScalarLayout<number | bigint>;
  readonly i64: ScalarLayout<number | bigint>;
  readonly bigu64: ScalarLayout<bigint, number | bigint>;
  readonly bigi64: ScalarLayout<bigint, number | bigint>;
  readonly f32: ScalarLayout<number>;
  readonly f64: ScalarLayout<number>;
}

/**
 * A field of a struct: a scalar by name, or any other layout.
 *
 * @example Usage
 * ```ts
 * import { array, type Field } from "@posixly/sys/struct";
 *
 * const flags: Field = "u32";
 * const words: Field = array("u64", 4);
 * ```
 */
// deno-lint-ignore no-explicit-any -- any layout may be a field
export type Field = Scalar | Layout<any, any, any>;

/**
 * The fields of a struct by name, in the order of C.
 *
 * @example Usage
 * ```ts
 * import { type Fields, struct } from "@posixly/sys/struct";
 *
 * const fields = { tv_sec: "i64", tv_nsec: "i64" } as const satisfies Fields;
 * const timespec = struct(fields);
 * ```
 */
export type Fields = Readonly<Record<string, Field>>;

/** The layout of a field. */
export type LayoutOf<F extends Field> = F extends Scalar ? Scalars[F] : F;
/** What reading a field gives. */
export type ValueOf<F extends Field> = LayoutOf<F> extends Layout<infer Value, infer _V, infer _I>
  ? Value
  : never;
/** What looking at a field gives. */
export type ViewOf<F extends Field> = LayoutOf<F> extends Layout<infer _, infer View, infer _I>
  ? View
  : never;
/** What may be written to a field. */
export type InputOf<F extends Field> = LayoutOf<F> extends Layout<infer _, infer _V, infer Input>
  ? Input
  : never;

type Read<T> = (data: DataView, at: number) => T;
type Write<T> = (data: DataView, at: number, value: T) => void;

function scalar<Value, Input = Value>(
  size: number,
  read: Read<Value>,
  write: Write<Input>,
): ScalarLayout<Value, Input> {
  return { size, align: size, read, look: read, write };
}

/** An integer of up to 32 bits, from `min` to `max`. */
function integer(
  name: string,
  size: number,
  min: number,
  max: number,
  read: Read<number>,
  write: Write<number>,
) {
  return scalar<number>(size, read, (data, at, value) => {
    if (!Number.isInteger(value)) {
      throw new TypeError(`${name} must be a whole number, not ${show(value)}`);
    }
    if (value < min || value > max) {
      throw new RangeError(`${name} must be between ${min} and ${max}, not ${value}`);
    }
    write(data, at, value);
  });
}

function float(name: string, size: number, read: Read<number>, write: Write<number>) {
  return scalar<number>(size, read, (data, at, value) => {
    if (typeof value !== "number") {
      throw new TypeError(`${name} must be a number, not ${show(value)}`);
    }
    write(data, at, value);
  });
}

/** Writes 64 bits from a number or a bigint, checked against the type's range. */
function write64(name: string, min: bigint, max: bigint): Write<number | bigint> {
  return (data, at, value) => {
    if (typeof value === "number" ? !Number.isSafeInteger(value) : typeof value !== "bigint") {
      throw new TypeError(
        `${name} must be a bigint or a whole number below 2 ** 53, not ${show(value)}`,
      );
    }
    if (value < min || value > max) {
      throw new RangeError(`${name} must be between ${min} and ${max}, not ${value}`);
    }
    if (typeof value === "bigint") {
      data.setBigUint64(at, value, true);
    } else {
      data.setUint32(at, value, true);
      data.setInt32(at + 4, Math.floor(value / 2 ** 32), true);
    }
  };
}

/** Joins two halves where that is exact, which keeps bigints off the common path. */
function read64(high: Read<number>, big: Read<bigint>): Read<number | bigint> {
  return (data, at) => {
    const value = high(data, at + 4) * 2 ** 32 + data.getUint32(at, true);
    return Number.isSafeInteger(value) ? value : big(data, at);
  };
}

const U64_MAX = 2n ** 64n - 1n;
const I64_MIN = -(2n ** 63n);
const I64_MAX = 2n ** 63n - 1n;
const getBigUint64: Read<bigint> = (data, at) => data.getBigUint64(at, true);
const getBigInt64: Read<bigint> = (data, at) => data.getBigInt64(at, true);
const writeU64 = write64("u64", 0n, U64_MAX);
const writeI64 = write64("i64", I64_MIN, I64_MAX);
const getUint32: Read<number> = (data, at) => data.getUint32(at, true);
const getInt32: Read<number> = (data, at) => data.getInt32(at, true);

// deno-fmt-ignore -- a table reads best as a table
const scalars: Scalars = {
  u8: integer("u8", 1, 0, 0xff, (d, at) => d.getUint8(at), (d, at, v) => d.setUint8(at, v)),
  i8: integer("i8", 1, -0x80, 0x7f, (d, at) => d.getInt8(at), (d, at, v) => d.setInt8(at, v)),
  u16: integer("u16", 2, 0, 0xffff, (d, at) => d.getUint16(at, true), (d, at, v) => d.setUint16(at, v, true)),
  i16: integer("i16", 2, -0x8000, 0x7fff, (d, at) => d.getInt16(at, true), (d, at, v) => d.setInt16(at, v, true)),
  u32: integer("u32", 4, 0, 0xffff_ffff, getUint32, (d, at, v) => d.setUint32(at, v, true)),
  i32: integer("i32", 4, -0x8000_0000, 0x7fff_ffff, getInt32, (d, at, v) => d.setInt32(at, v, true)),
  u16be: integer("u16be", 2, 0, 0xffff, (d, at) => d.getUint16(at), (d, at, v) => d.setUint16(at, v)),
  u32be: integer("u32be", 4, 0, 0xffff_ffff, (d, at) => d.getUint32(at), (d, at, v) => d.setUint32(at, v)),
  u64: scalar<number | bigint>(8, read64(getUint32, getBigUint64), writeU64),
  i64: scalar<number | bigint>(8, read64(getInt32, getBigInt64), writeI64),
  bigu64: scalar<bigint, number | bigint>(8, getBigUint64, writeU64),
  bigi64: scalar<bigint, number | bigint>(8, getBigInt64, writeI64),
  f32: float("f32", 4, (d, at) => d.getFloat32(at, true), (d, at, v) => d.setFloat32(at, v, true)),
  f64: float("f64", 8, (d, at) => d.getFloat64(at, true), (d, at, v) => d.setFloat64(at, v, true)),
};

/** The layout that a field stands for, checked. */
export function layoutOf(field: Field): Layout<unknown, unknown, unknown> {
  const layout = typeof field === "string" ? scalars[field] : field;
  if (typeof layout?.read !== "function") {
    throw new TypeError(`a field must be a scalar's name or a layout, not ${show(field)}`);
  }
  return layout as Layout<unknown, unknown, unknown>;
}

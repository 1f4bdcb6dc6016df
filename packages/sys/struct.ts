/**
 * C structs as data: laid out by the rules of the C compiler, read and written in
 * place. Nothing here touches native code, so it works in any JavaScript runtime.
 *
 * @example A struct of the kernel
 * ```ts
 * import { struct } from "@posixly/sys/struct";
 * import assert from "node:assert/strict";
 *
 * const pollfd = struct({ fd: "i32", events: "i16", revents: "i16" });
 * const bytes = pollfd.encode({ fd: 7, events: 1 });
 * assert.equal(bytes.length, 8);
 *
 * const view = pollfd.view(bytes); // no copy: writing goes through
 * view.revents = 16;
 * assert.deepEqual(pollfd.decode(bytes), { fd: 7, events: 1, revents: 16 });
 * ```
 *
 * @module
 */

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
export type Scalar = keyof typeof scalars;

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

type LayoutOf<F extends Field> = F extends Scalar ? (typeof scalars)[F] : F;
type ValueOf<F extends Field> = LayoutOf<F> extends Layout<infer Value, infer _V, infer _I> ? Value
  : never;
type ViewOf<F extends Field> = LayoutOf<F> extends Layout<infer _, infer View, infer _I> ? View
  : never;
type InputOf<F extends Field> = LayoutOf<F> extends Layout<infer _, infer _V, infer Input> ? Input
  : never;

type Values<F extends Fields> = { -readonly [Name in keyof F]: ValueOf<F[Name]> };
type Inputs<F extends Fields> = { readonly [Name in keyof F]?: InputOf<F[Name]> };

/**
 * A struct or union: what {@linkcode struct} and {@linkcode union} return.
 *
 * @example Usage
 * ```ts
 * import { struct, type Struct } from "@posixly/sys/struct";
 * import assert from "node:assert/strict";
 *
 * const iovec: Struct<{ iov_base: "u64"; iov_len: "u64" }> = struct({
 *   iov_base: "u64",
 *   iov_len: "u64",
 * });
 * assert.equal(iovec.offsets.iov_len, 8);
 * ```
 */
export interface Struct<F extends Fields>
  extends Layout<Values<F>, StructView<F>, Inputs<F>> {
  /** What C calls it, such as `struct iovec`, if it was said. */
  readonly c: string | undefined;
  /** Where each field begins, `offsetof`. */
  readonly offsets: { readonly [Name in keyof F]: number };
  /**
   * Looks at a struct in memory. Every field is an accessor; nothing is copied.
   * The length is checked here, once.
   *
   * @throws {RangeError} If the struct does not fit
   */
  view(bytes: ArrayBufferView, at?: number): StructView<F>;
  /**
   * Reads a struct into a plain object.
   *
   * @throws {RangeError} If the struct does not fit
   */
  decode(bytes: ArrayBufferView, at?: number): Values<F>;
  /**
   * Writes a new struct; what is not given is zero.
   *
   * @throws {RangeError | TypeError} If a value does not fit its field
   */
  encode(values?: Inputs<F>): Uint8Array<ArrayBuffer>;
}

/**
 * A struct in memory, field by field.
 *
 * @example Usage
 * ```ts
 * import { struct, type StructView } from "@posixly/sys/struct";
 * import assert from "node:assert/strict";
 *
 * const pair = struct({ a: "u8", b: "u32" });
 * const view: StructView<{ a: "u8"; b: "u32" }> = pair.view(new Uint8Array(8));
 * view.b = 5;
 * assert.equal(view.b, 5);
 * ```
 */
export type StructView<F extends Fields> = { -readonly [Name in keyof F]: ViewOf<F[Name]> };

type Read<T> = (data: DataView, at: number) => T;
type Write<T> = (data: DataView, at: number, value: T) => void;

function scalar<Value, Input = Value>(
  size: number,
  read: Read<Value>,
  write: Write<Input>,
): Layout<Value, Value, Input> {
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
      throw new TypeError(`${name} must be a whole number, not ${String(value)}`);
    }
    if (value < min || value > max) {
      throw new RangeError(`${name} must be between ${min} and ${max}, not ${value}`);
    }
    write(data, at, value);
  });
}

/** Writes 64 bits from a number or a bigint, checked against the type's range. */
function write64(name: string, min: bigint, max: bigint): Write<number | bigint> {
  return (data, at, value) => {
    if (typeof value === "number" ? !Number.isSafeInteger(value) : typeof value !== "bigint") {
      throw new TypeError(
        `${name} must be a bigint or a whole number below 2 ** 53, not ${String(value)}`,
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
const scalars = {
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
  f32: scalar<number>(4, (d, at) => d.getFloat32(at, true), (d, at, v) => d.setFloat32(at, v, true)),
  f64: scalar<number>(8, (d, at) => d.getFloat64(at, true), (d, at, v) => d.setFloat64(at, v, true)),
};

function layoutOf(field: Field): Layout<unknown, unknown, unknown> {
  const layout = typeof field === "string" ? scalars[field] : field;
  if (typeof layout?.read !== "function") {
    throw new TypeError(`a field must be a scalar's name or a layout, not ${String(field)}`);
  }
  return layout as Layout<unknown, unknown, unknown>;
}

const alignUp = (at: number, align: number) => Math.ceil(at / align) * align;

/**
 * How a struct departs from the plain rules of C.
 *
 * @example Usage
 * ```ts
 * import { struct, type StructOptions } from "@posixly/sys/struct";
 * import assert from "node:assert/strict";
 *
 * const packed: StructOptions = { packed: true };
 * assert.equal(struct({ a: "u8", b: "u32" }, packed).size, 5);
 * ```
 */
export interface StructOptions {
  /** No padding anywhere, `__attribute__((packed))`. */
  readonly packed?: boolean;
  /** A stricter alignment than the fields ask for, `__attribute__((aligned(n)))`. */
  readonly align?: number;
  /** What C calls it, so that `npm run check` compares sizes and offsets with the compiler's. */
  readonly c?: string;
}

/**
 * Lays out a C struct.
 *
 * @param fields The fields in order; integers cannot be names, since JavaScript reorders them
 * @param options Where it departs from the plain rules
 * @returns The layout, with `view`, `decode` and `encode`
 * @throws {TypeError} If a field is no layout
 *
 * @example Padding is as in C
 * ```ts
 * import { array, struct } from "@posixly/sys/struct";
 * import assert from "node:assert/strict";
 *
 * const inner = struct({ kind: "u8", value: "u32", last: "u8" });
 * assert.equal(inner.size, 12);
 *
 * const outer = struct({ flag: "u8", inner, tail: array("u16", 3) });
 * assert.deepEqual(outer.offsets, { flag: 0, inner: 4, tail: 16 });
 * assert.equal(outer.view(new Uint8Array(24)).inner.value, 0);
 * ```
 */
export function struct<const F extends Fields>(fields: F, options: StructOptions = {}): Struct<F> {
  const placed: Placed[] = [];
  let end = 0;
  let widest = options.align ?? 1;
  for (const [name, field] of namedFields(fields)) {
    const layout = layoutOf(field);
    const align = options.packed ? 1 : layout.align;
    const offset = alignUp(end, align);
    placed.push({ name, layout, offset });
    end = offset + layout.size;
    widest = Math.max(widest, align);
  }
  return record(placed, alignUp(end, widest), widest, options.c);
}

/**
 * Lays out a C union: every field begins at 0.
 *
 * @param fields The members by name
 * @param options What C calls it, or a stricter alignment
 * @returns The layout; `encode` writes the members it is given, one after the other
 * @throws {TypeError} If a field is no layout
 *
 * @example One value seen two ways
 * ```ts
 * import { bytes, union } from "@posixly/sys/struct";
 * import assert from "node:assert/strict";
 *
 * const word = union({ number: "u32", raw: bytes(4) });
 * assert.deepEqual(word.decode(word.encode({ number: 258 })).raw, new Uint8Array([2, 1, 0, 0]));
 * ```
 */
export function union<const F extends Fields>(fields: F, options: StructOptions = {}): Struct<F> {
  const placed: Placed[] = namedFields(fields).map(([name, field]) => (
    { name, layout: layoutOf(field), offset: 0 }
  ));
  const align = Math.max(
    options.align ?? 1,
    ...placed.map(({ layout }) => options.packed ? 1 : layout.align),
  );
  const size = Math.max(0, ...placed.map(({ layout }) => layout.size));
  return record(placed, alignUp(size, align), align, options.c);
}

function namedFields(fields: Fields): [string, Field][] {
  const entries = Object.entries(fields);
  for (const [name] of entries) {
    if (/^\d+$/.test(name)) throw new TypeError(`a field cannot be called ${name}`);
  }
  return entries;
}

interface Placed {
  readonly name: string;
  readonly layout: Layout<unknown, unknown, unknown>;
  readonly offset: number;
}

type Looser = Record<string, unknown>;

/** What structs and unions share, once their fields have their places. */
function record<F extends Fields>(
  placed: readonly Placed[],
  size: number,
  align: number,
  c: string | undefined,
): Struct<F> {
  const name = c ?? "struct";
  const View = viewClass(placed);
  const byName = new Map(placed.map((field) => [field.name, field]));

  function read(data: DataView, at: number): Looser {
    const values: Looser = {};
    for (const field of placed) values[field.name] = field.layout.read(data, at + field.offset);
    return values;
  }

  function write(data: DataView, at: number, values: Looser): void {
    if (typeof values !== "object" || values === null) {
      throw new TypeError(`${name} must be written from an object, not ${String(values)}`);
    }
    for (const [key, value] of Object.entries(values)) {
      const field = byName.get(key);
      if (field === undefined) throw new TypeError(`${name} has no field ${key}`);
      if (value !== undefined) field.layout.write(data, at + field.offset, value);
    }
  }

  function check(bytes: ArrayBufferView, at: number): DataView {
    if (!ArrayBuffer.isView(bytes)) {
      throw new TypeError(`${name} lies in a typed array or DataView, not in ${String(bytes)}`);
    }
    if (!Number.isSafeInteger(at) || at < 0 || at + size > bytes.byteLength) {
      throw new RangeError(
        `${name} takes ${size} bytes at ${at}, but there are ${bytes.byteLength} in all`,
      );
    }
    return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  return {
    c,
    size,
    align,
    offsets: Object.fromEntries(placed.map((field) => [field.name, field.offset])),
    read,
    look: (data: DataView, at: number) => new View(data, at),
    write,
    view: (bytes: ArrayBufferView, at = 0) => new View(check(bytes, at), at),
    decode: (bytes: ArrayBufferView, at = 0) => read(check(bytes, at), at),
    encode(values: Looser = {}) {
      const bytes = new Uint8Array(size);
      write(new DataView(bytes.buffer), 0, values);
      return bytes;
    },
  } as unknown as Struct<F>;
}

/** A class with one accessor a field, so that views are cheap to make and quick to read. */
function viewClass(placed: readonly Placed[]): new (data: DataView, at: number) => object {
  class View {
    readonly #data: DataView;
    readonly #at: number;

    constructor(data: DataView, at: number) {
      this.#data = data;
      this.#at = at;
    }

    static accessor({ layout, offset }: Placed): PropertyDescriptor & ThisType<View> {
      return {
        enumerable: true,
        get() {
          return layout.look(this.#data, this.#at + offset);
        },
        set(value) {
          layout.write(this.#data, this.#at + offset, value);
        },
      };
    }
  }
  for (const field of placed) {
    Object.defineProperty(View.prototype, field.name, View.accessor(field));
  }
  return View;
}

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
  const indices = Array.from({ length }, (_, i) => i);
  return {
    size: size * length,
    align,
    read: (data, at) => indices.map((i) => read(data, at + i * size) as ValueOf<F>),
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
          for (const i of indices) yield look(data, at + i * size) as ViewOf<F>;
        },
      };
    },
    write(data, at, values) {
      if (!Array.isArray(values) || values.length > length) {
        throw new TypeError(`must be an array of at most ${length} elements`);
      }
      values.forEach((value, i) => write(data, at + i * size, value));
    },
  };
}

function requireLength(length: number): void {
  if (!Number.isSafeInteger(length) || length < 0) {
    throw new RangeError(`length must be a whole number from 0, not ${String(length)}`);
  }
}

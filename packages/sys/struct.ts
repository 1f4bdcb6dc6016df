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

import { show } from "./arguments.ts";
import {
  type Field,
  type Fields,
  type InputOf,
  type Layout,
  layoutOf,
  type ValueOf,
  type ViewOf,
} from "./layout.ts";
import { requireBoolean, requireKnown } from "./options.ts";

export { array, bytes, type Elements } from "./array.ts";
export type { Field, Fields, Layout, Scalar } from "./layout.ts";

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
export interface Struct<F extends Fields> extends Layout<Values<F>, StructView<F>, Inputs<F>> {
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
 * @throws {TypeError} If a field is no layout, or an option is not as described
 * @throws {RangeError} If `align` is no power of 2
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
  let widest = alignmentOf(options);
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
 * @throws {TypeError} If a field is no layout, or an option is not as described
 * @throws {RangeError} If `align` is no power of 2
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
    alignmentOf(options),
    ...placed.map(({ layout }) => options.packed ? 1 : layout.align),
  );
  const size = Math.max(0, ...placed.map(({ layout }) => layout.size));
  return record(placed, alignUp(size, align), align, options.c);
}

/** The stricter alignment that options ask for, all of which are checked. */
function alignmentOf(options: StructOptions): number {
  requireKnown(options, ["packed", "align", "c"]);
  requireBoolean(options.packed, "packed");
  const { align = 1 } = options;
  if (Number.isInteger(align) && Number.isInteger(Math.log2(align)) && align >= 1) return align;
  throw new RangeError(`align must be a power of 2, not ${show(align)}`);
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
      throw new TypeError(`${name} must be written from an object, not ${show(values)}`);
    }
    for (const key in values) { // a view's fields are inherited
      const value = values[key];
      const field = byName.get(key);
      if (field === undefined) throw new TypeError(`${name} has no field ${key}`);
      if (value !== undefined) field.layout.write(data, at + field.offset, value);
    }
  }

  function check(bytes: ArrayBufferView, at: number): DataView {
    if (!ArrayBuffer.isView(bytes)) {
      throw new TypeError(`${name} lies in a typed array or DataView, not in ${show(bytes)}`);
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

import { type Time, toTimespec } from "@posixly/fd";
import {
  bitsOf,
  cstring,
  fromCString,
  oneOf,
  requireBoolean,
  requireBytes,
  requireInteger,
  requireInteger64,
} from "@posixly/sys";
import { linger, timeval } from "./libc.ts";
import { nameIn } from "./name_in.ts";

/** How bytes that the kernel returned become a value. */
export interface Decoder<Value> {
  /** How many bytes to ask for. */
  readonly size: number;
  /** The value of the bytes, which may be fewer than `size`. */
  decode(bytes: Uint8Array): Value;
}

/** How a value becomes the bytes that the kernel takes. */
export interface Encoder<Value> {
  /** The bytes of a value, which is checked; `name` is what the caller calls it. */
  encode(value: Value, name: string): Uint8Array;
}

/** How a value of an option lies in memory. */
export interface Kind<Value> extends Decoder<Value>, Encoder<Value> {}

const INT_MAX = 2 ** 31 - 1;
const UINT_MAX = 2 ** 32 - 1;
const U64_MAX = 2n ** 64n - 1n;

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function intOf(value: number): Uint8Array {
  return new Uint8Array(Int32Array.of(value).buffer);
}

/** An `int`; a few options answer with one byte, and are asked with four all the same. */
function toInt(bytes: Uint8Array): number {
  return bytes.length < 4 ? bytes[0] ?? 0 : view(bytes).getInt32(0, true);
}

/** An `int` that is 0 or not. */
export const flag: Kind<boolean> = {
  size: 4,
  encode: (value, name) => intOf(requireBoolean(value, name) ? 1 : 0),
  decode: (bytes) => toInt(bytes) !== 0,
};

/** An `int` between two bounds. */
export function integer(min = 0, max = INT_MAX): Kind<number> {
  return {
    size: 4,
    encode: (value, name) => intOf(requireInteger(value, name, min, max)),
    decode: toInt,
  };
}

/** An `unsigned`. */
export const unsigned: Kind<number> = {
  size: 4,
  encode: (value, name) => intOf(requireInteger(value, name, 0, UINT_MAX)),
  decode: (bytes) => toInt(bytes) >>> 0,
};

/** A `uint64_t`. */
export const long: Kind<number | bigint> = {
  size: 8,
  encode(value, name) {
    const number = BigInt(requireInteger64(value, name, 0n, U64_MAX));
    return new Uint8Array(BigUint64Array.of(number).buffer);
  },
  decode(bytes) {
    const value = view(bytes).getBigUint64(0, true);
    return value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
  },
};

/** A `uint64_t` of which all bits set means that there is no limit. */
export const limit: Kind<number | bigint | "unlimited"> = {
  size: 8,
  encode: (value, name) => long.encode(value === "unlimited" ? U64_MAX : value, name),
  decode(bytes) {
    const value = long.decode(bytes);
    return value === U64_MAX ? "unlimited" : value;
  },
};

/** Which network interface, by its index; in network byte order for some reason. */
export const interfaceIndex: Kind<number> = {
  size: 4,
  encode(value, name) {
    const bytes = new Uint8Array(4);
    view(bytes).setInt32(0, requireInteger(value, name));
    return bytes;
  },
  decode: (bytes) => view(bytes).getInt32(0),
};

/** Text that ends with a NUL. */
export function text(size: number): Kind<string> {
  return {
    size,
    encode(value, name) {
      const bytes = cstring(value, name);
      if (bytes.length <= size) return bytes;
      throw new RangeError(`${name} must have at most ${size - 1} bytes, not ${bytes.length - 1}`);
    },
    decode: fromCString,
  };
}

/** Bytes whose meaning is others' business. */
export function bytes(size: number): Kind<Uint8Array> {
  return {
    size,
    encode(value, name) {
      if (value instanceof Uint8Array && value.length <= size) return requireBytes(value, name);
      throw new TypeError(`${name} must be a Uint8Array of at most ${size} bytes`);
    },
    decode: (bytes) => bytes,
  };
}

/** One of several numbers that have names; newer kernels may have others. */
export function named<T extends Readonly<Record<string, number>>>(
  table: T,
): Kind<keyof T & string | number> {
  return {
    size: 4,
    encode: (value, name) =>
      intOf(typeof value === "number" ? requireInteger(value, name) : oneOf(table, value, name)),
    decode: (bytes) => nameIn(table, toInt(bytes)),
  };
}

/** Bits that have names. What is left out is off; what is read has all of them. */
export function bits<T extends Readonly<Record<string, number>>>(
  table: T,
): Kind<{ readonly [Name in keyof T]?: boolean }> {
  const names = Object.keys(table) as (keyof T & string)[];
  return {
    size: 4,
    encode: (value) => intOf(bitsOf(table, value)),
    decode(bytes) {
      const set = toInt(bytes);
      return Object.fromEntries(
        names.map((name) => [name, (set & table[name]) !== 0]),
      ) as { [Name in keyof T]: boolean };
    },
  };
}

/** A `struct timeval`, in milliseconds. */
export const milliseconds: Kind<number> = {
  size: timeval.size,
  encode(value: Time, name) {
    const { tv_sec, tv_nsec } = toTimespec(value, name, Math.ceil);
    const micros = Math.ceil(tv_nsec / 1000);
    return micros === 1e6
      ? timeval.encode({ tv_sec: BigInt(tv_sec) + 1n })
      : timeval.encode({ tv_sec, tv_usec: micros });
  },
  decode(bytes) {
    const { tv_sec, tv_usec } = timeval.decode(bytes);
    return Number(tv_sec) * 1000 + Number(tv_usec) / 1000;
  },
};

/** A `struct linger`: seconds, or off. */
export const seconds: Kind<number | false> = {
  size: linger.size,
  encode(value, name) {
    return value === false
      ? linger.encode()
      : linger.encode({ l_onoff: 1, l_linger: requireInteger(value, name) });
  },
  decode(bytes) {
    const { l_onoff, l_linger } = linger.decode(bytes);
    return l_onoff !== 0 && l_linger;
  },
};

import { requireBytes, requireInteger, show } from "./arguments.ts";
import { copy, roundUp } from "./bytes.ts";

// IPv4 and TCP write their options the same way: a kind, and but for two kinds a length that
// counts itself and the kind.

const END = 0;
const NOP = 1;

/** An option as it is written: its kind and what follows its length. */
export interface RawOption {
  readonly kind: number;
  readonly bytes: Uint8Array;
}

/**
 * What options of IPv4 and of TCP have in common: the `end` of the list, and what comes after it;
 * `nop`, a byte between; `malformed`, what cannot be an option, and all after it.
 *
 * @example Usage
 * ```ts
 * import type { CommonOption } from "@posixly/raw/wire";
 *
 * const options: CommonOption[] = [{ kind: "nop" }, { kind: "end" }];
 * ```
 */
export type CommonOption =
  | { readonly kind: "end"; readonly padding?: Uint8Array }
  | { readonly kind: "nop" }
  | { readonly kind: "malformed"; readonly bytes: Uint8Array };

/**
 * Reads a list of options. It ends with the bytes at the latest: one that cannot be right, such as
 * one of length 0 or one that is longer than what is there, is kept with all that follows it.
 */
export function readOptions<T>(
  bytes: Uint8Array,
  start: number,
  end: number,
  decode: (kind: number, data: Uint8Array) => T,
): (T | CommonOption)[] {
  const options: (T | CommonOption)[] = [];
  let at = start;
  while (at < end) {
    const kind = bytes[at];
    if (kind === END) {
      const padding = copy(bytes, at + 1, end);
      options.push(padding.length > 0 ? { kind: "end", padding } : { kind: "end" });
      break;
    }
    if (kind === NOP) {
      options.push({ kind: "nop" });
      at++;
      continue;
    }
    const length = at + 1 < end ? bytes[at + 1] : 0;
    if (length < 2 || at + length > end) {
      options.push({ kind: "malformed", bytes: copy(bytes, at, end) });
      break;
    }
    options.push(decode(kind, copy(bytes, at + 2, at + length)));
    at += length;
  }
  return options;
}

/** The bytes of a list of options, with zeros up to a multiple of four. */
export function optionBytes<T extends { readonly kind: string | number }>(
  options: readonly (T | CommonOption)[] | undefined,
  encode: (option: T) => RawOption,
): Uint8Array {
  if (options === undefined || options.length === 0) return NONE;
  const all: number[] = [];
  for (const option of options) {
    const { kind } = option;
    if (kind === "nop") all.push(NOP);
    else if (kind === "end") all.push(END, ...(option as { padding?: Uint8Array }).padding ?? []);
    else if (kind === "malformed") all.push(...(option as { bytes: Uint8Array }).bytes);
    else {
      const raw = typeof kind === "number" ? requireRaw(option as never) : encode(option as T);
      all.push(raw.kind, raw.bytes.length + 2, ...raw.bytes);
    }
  }
  if (all.length > MOST) {
    throw new RangeError(`options must be ${MOST} bytes at most, not ${all.length}`);
  }
  const bytes = new Uint8Array(roundUp(all.length, 4));
  bytes.set(all);
  return bytes;
}

const NONE = new Uint8Array();
const MOST = 40;

/** An option that is given by its number. */
function requireRaw({ kind, bytes }: RawOption): RawOption {
  requireInteger(kind, "kind", 0, 0xff);
  requireBytes(bytes, "bytes");
  return { kind, bytes };
}

/** For one that is of no kind. */
export function noSuchOption(option: { readonly kind: unknown }): TypeError {
  return new TypeError(`There is no option of kind ${show(option.kind)}`);
}

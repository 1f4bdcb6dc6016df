import { requireBytes, requireInteger, show } from "../arguments.ts";
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
  const all = new Uint8Array(MOST);
  let length = 0;
  for (const option of options) {
    const { head, bytes } = piecesOf(option, encode);
    const at = length;
    length += head.length + bytes.length;
    if (length > MOST) {
      throw new RangeError(`options must be ${MOST} bytes at most, not ${length}`);
    }
    all.set(head, at);
    all.set(bytes, at + head.length);
  }
  return all.subarray(0, roundUp(length, 4));
}

const NONE = new Uint8Array();
const MOST = 40;

function piecesOf<T extends { readonly kind: string | number }>(
  option: T | CommonOption,
  encode: (option: T) => RawOption,
): { head: readonly number[]; bytes: Uint8Array } {
  const { kind } = requireOption(option);
  if (kind === "nop") return { head: [NOP], bytes: NONE };
  if (kind === "end") {
    const { padding = NONE } = option as { padding?: Uint8Array };
    return { head: [END], bytes: requireBytes(padding, "padding") };
  }
  if (kind === "malformed") {
    return { head: [], bytes: requireBytes((option as { bytes: Uint8Array }).bytes, "bytes") };
  }
  const raw = typeof kind === "number" ? requireRaw(option as never) : encode(option as T);
  return { head: [raw.kind, raw.bytes.length + 2], bytes: raw.bytes };
}

/** An element of a list of options, before it is looked into. */
export function requireOption<T>(option: T): T {
  if (typeof option === "object" && option !== null) return option;
  throw new TypeError(`An option must be an object, not ${show(option)}`);
}

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

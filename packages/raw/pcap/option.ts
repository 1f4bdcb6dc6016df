import { padded, part, readU16, readU32, writeU16, writeU32 } from "./bytes.ts";

/**
 * What a block of pcapng says besides its fields: a code and a value. Text is a string, numbers of
 * up to 32 bits are numbers and those of 64 are `bigint`; whatever is not known, or not what it
 * should be, is kept as bytes. The codes are those of section 3.5 of the pcapng specification and
 * of the sections of its blocks; 1 is a comment in all of them.
 *
 * @example A comment and a packet's flags
 * ```ts
 * import { type CaptureOption, captureWriter, parseCapture } from "@posixly/raw/pcap";
 * import assert from "node:assert/strict";
 *
 * const options: CaptureOption[] = [{ code: 1, value: "the odd one" }, { code: 2, value: 1 }];
 * const time = { seconds: 1_800_000_000, nanoseconds: 0 };
 * const file = captureWriter().write({ bytes: new Uint8Array(60), timestamp: time, options });
 * const [packet] = parseCapture(file);
 * assert.deepEqual(packet.options, options);
 * ```
 */
export interface CaptureOption {
  /** Which one. */
  readonly code: number;
  /** Its value. */
  readonly value: string | number | bigint | Uint8Array;
}

type Form = "text" | "u8" | "u32" | "u64" | "i64" | "time";

/** Codes by the kind of block they are in, and what their values are. */
export type OptionForms = Readonly<Record<number, Form>>;

const COMMENT = 1;
const anyBlock: OptionForms = { [COMMENT]: "text" };

export const sectionOptions: OptionForms = { ...anyBlock, 2: "text", 3: "text", 4: "text" };

export const interfaceOptions: OptionForms = {
  ...anyBlock,
  2: "text", // if_name
  3: "text", // if_description
  8: "u64", // if_speed
  9: "u8", // if_tsresol
  10: "u32", // if_tzone
  12: "text", // if_os
  13: "u8", // if_fcslen
  14: "i64", // if_tsoffset
  15: "text", // if_hardware
  16: "u64", // if_txspeed
  17: "u64", // if_rxspeed
};

export const packetOptions: OptionForms = {
  ...anyBlock,
  2: "u32", // epb_flags
  4: "u64", // epb_dropcount
  5: "u64", // epb_packetid
  6: "u32", // epb_queue
};

export const namesOptions: OptionForms = { ...anyBlock, 2: "text" };

export const statisticsOptions: OptionForms = {
  ...anyBlock,
  2: "time", // isb_starttime
  3: "time", // isb_endtime
  4: "u64", // isb_ifrecv
  5: "u64", // isb_ifdrop
  6: "u64", // isb_filteraccept
  7: "u64", // isb_osdrop
  8: "u64", // isb_usrdeliv
};

export const otherOptions: OptionForms = anyBlock;

/**
 * The comments among options.
 *
 * @param options The options of a packet or another block
 * @returns Their texts in order
 *
 * @example Usage
 * ```ts
 * import { commentsOf } from "@posixly/raw/pcap";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(commentsOf([{ code: 1, value: "lost?" }, { code: 2, value: 1 }]), ["lost?"]);
 * ```
 */
export function commentsOf(options: readonly CaptureOption[]): string[] {
  return options.flatMap(({ code, value }) =>
    code === COMMENT && typeof value === "string" ? [value] : []
  );
}

/** What most packets have; one for all. */
export const NO_OPTIONS: readonly CaptureOption[] = Object.freeze([]);
const END = 0;

const strictText = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/** Reads options up to their end or that of the block; `undefined` if one does not fit. */
export function readOptions(
  bytes: Uint8Array,
  start: number,
  end: number,
  little: boolean,
  forms: OptionForms,
): readonly CaptureOption[] | undefined {
  if (start === end) return NO_OPTIONS;
  const options: CaptureOption[] = [];
  for (let at = start; at < end;) {
    if (at + 4 > end) return undefined;
    const code = readU16(bytes, at, little);
    if (code === END) break;
    const length = readU16(bytes, at + 2, little);
    if (at + 4 + padded(length) > end) return undefined;
    options.push({
      code,
      value: readValue(part(bytes, at + 4, at + 4 + length), little, forms[code]),
    });
    at += 4 + padded(length);
  }
  return options;
}

const widths = { u8: 1, u32: 4, u64: 8, i64: 8, time: 8 } as const;

function readValue(bytes: Uint8Array, little: boolean, form?: Form): CaptureOption["value"] {
  if (form === undefined) return bytes;
  if (form === "text") return readText(bytes) ?? bytes;
  if (bytes.length !== widths[form]) return bytes;
  if (form === "u8") return bytes[0];
  const first = readU32(bytes, 0, little);
  if (form === "u32") return first;
  const second = readU32(bytes, 4, little);
  const isHighFirst = form === "time" || !little; // a time is two numbers, the high one first
  const [high, low] = isHighFirst ? [first, second] : [second, first];
  const value = BigInt(high) << 32n | BigInt(low);
  return form === "i64" ? BigInt.asIntN(64, value) : value;
}

/** Text, unless the bytes are none. */
export function readText(bytes: Uint8Array): string | undefined {
  try {
    return strictText.decode(bytes);
  } catch {
    return undefined; // an expected outcome: the caller keeps the bytes
  }
}

/** Options as bytes, with the one that ends them; nothing if there are none. */
export function encodeOptions(
  options: readonly CaptureOption[],
  little: boolean,
  forms: OptionForms,
): Uint8Array[] {
  if (options.length === 0) return [];
  return [...options.map((option) => encodeOption(option, little, forms)), new Uint8Array(4)];
}

function encodeOption({ code, value }: CaptureOption, little: boolean, forms: OptionForms) {
  if (!Number.isInteger(code) || code <= END || code > 0xffff) {
    throw new RangeError(`code must be between 1 and 65535, not ${code}`);
  }
  const body = encodeValue(code, value, little, forms[code]);
  if (body.length > 0xffff) {
    throw new RangeError(`An option has at most 65535 bytes, and ${code} has ${body.length}`);
  }
  const bytes = new Uint8Array(4 + padded(body.length));
  writeU16(bytes, 0, code, little);
  writeU16(bytes, 2, body.length, little);
  bytes.set(body, 4);
  return bytes;
}

function encodeValue(
  code: number,
  value: CaptureOption["value"],
  little: boolean,
  form?: Form,
): Uint8Array {
  if (value instanceof Uint8Array) return value;
  if (typeof value === "string") return encoder.encode(value);
  if (form === undefined || form === "text") {
    throw new TypeError(`Option ${code} must be given as text or bytes, not as a number`);
  }
  return encodeNumber(code, value, little, form);
}

function encodeNumber(
  code: number,
  value: number | bigint,
  little: boolean,
  form: Exclude<Form, "text">,
): Uint8Array {
  const wide = BigInt(value);
  const bits = widths[form] * 8;
  const fits = form === "i64" ? BigInt.asIntN(bits, wide) : BigInt.asUintN(bits, wide);
  if (fits !== wide) throw new RangeError(`Option ${code} has ${bits} bits, too few for ${value}`);
  const bytes = new Uint8Array(widths[form]);
  const low = Number(BigInt.asUintN(32, wide));
  if (form === "u8") bytes[0] = low;
  else if (form === "u32") writeU32(bytes, 0, low, little);
  else {
    const high = Number(BigInt.asUintN(32, wide >> 32n));
    const isHighFirst = form === "time" || !little;
    writeU32(bytes, 0, isHighFirst ? high : low, little);
    writeU32(bytes, 4, isHighFirst ? low : high, little);
  }
  return bytes;
}

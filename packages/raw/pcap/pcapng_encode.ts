import { requireBytes, requireInteger, show } from "../arguments.ts";
import type { CaptureBlock, CaptureInterface, CaptureNames, CapturePacket } from "./block.ts";
import { joined, MAX_U32, padded, writeU16, writeU32 } from "./bytes.ts";
import {
  type CaptureOption,
  encodeOptions,
  interfaceOptions,
  namesOptions,
  type OptionForms,
  otherOptions,
  packetOptions,
  sectionOptions,
  statisticsOptions,
} from "./option.ts";
import * as format from "./pcapng_format.ts";
import { ticksOfTime } from "./time.ts";

/** What a packet is written of. */
export type PacketContents = Pick<
  CapturePacket,
  "bytes" | "originalLength" | "timestamp" | "options"
>;

/** A block made anew; packets and statistics need the number of their interface. */
export function encodeBlock(
  block: Exclude<CaptureBlock, { kind: "header" | "packet" }>,
  little: boolean,
  interfaceId: number,
): Uint8Array {
  switch (block.kind) {
    case "section": {
      const { version, length, options } = block;
      const fixed = new Uint8Array(16);
      const wide = BigInt(length);
      const [high, low] = [Number(wide >> 32n & 0xffffffffn), Number(wide & 0xffffffffn)];
      writeU32(fixed, 0, format.BYTE_ORDER_MAGIC, little);
      writeU16(fixed, 4, version[0], little);
      writeU16(fixed, 6, version[1], little);
      writeU32(fixed, 8, little ? low : high, little);
      writeU32(fixed, 12, little ? high : low, little);
      return framed(format.SECTION, little, [fixed], options, sectionOptions);
    }
    case "interface":
      return encodeInterface(block, little);
    case "names":
      return encodeNames(block, little);
    case "statistics": {
      const fixed = numbers(little, interfaceId, ...ticksOfTime(block.timestamp, block.interface));
      return framed(format.STATISTICS, little, [fixed], block.options, statisticsOptions);
    }
    case "secrets": {
      const fixed = numbers(little, block.type, block.bytes.length);
      const pieces = [fixed, withPadding(block.bytes)];
      return framed(format.SECRETS, little, pieces, block.options, otherOptions);
    }
    case "custom": {
      const type = block.copyable ? format.CUSTOM : format.CUSTOM_NOT_COPYABLE;
      return framed(type, little, [numbers(little, block.enterprise), withPadding(block.body)]);
    }
    case "unknown":
      return framed(block.type, little, [withPadding(block.body)]);
    default:
      throw new TypeError(`There is no kind ${show((block as { kind: unknown }).kind)} of blocks`);
  }
}

function encodeInterface(block: CaptureInterface, little: boolean): Uint8Array {
  const { resolution, timeOffset } = block;
  const fixed = new Uint8Array(8);
  writeU16(fixed, 0, requireInteger(block.link, "link", 0, 0xffff), little);
  writeU32(fixed, 4, requireInteger(block.snapLength, "snapLength", 0, MAX_U32), little);
  const options: CaptureOption[] = [];
  if (resolution !== format.DEFAULT_RESOLUTION) {
    options.push({ code: format.IF_TSRESOL, value: resolution });
  }
  if (BigInt(timeOffset) !== 0n) options.push({ code: format.IF_TSOFFSET, value: timeOffset });
  options.push(...block.options);
  return framed(format.INTERFACE, little, [fixed], options, interfaceOptions);
}

function encodeNames({ records, options }: CaptureNames, little: boolean): Uint8Array {
  const pieces = records.flatMap(({ type, address, names }) => {
    const text = new TextEncoder().encode(names.map((name) => `${name}\0`).join(""));
    const value = joined([address, text]);
    if (type <= 0 || type > 0xffff || value.length > 0xffff) {
      throw new RangeError("A record of names has a type from 1 and at most 65535 bytes");
    }
    const head = new Uint8Array(4);
    writeU16(head, 0, type, little);
    writeU16(head, 2, value.length, little);
    return [head, withPadding(value)];
  });
  return framed(format.NAMES, little, [...pieces, new Uint8Array(4)], options, namesOptions);
}

/** A packet with all that is known of it, made in one piece. */
export function encodePacket(
  packet: PacketContents,
  from: CaptureInterface,
  interfaceId: number,
  little: boolean,
): Uint8Array {
  const { bytes: data, originalLength, timestamp } = packet;
  if (timestamp === undefined) return encodeSimplePacket(packet, from, interfaceId, little);
  const options = encodeOptions(packet.options, little, packetOptions);
  const optionsLength = options.reduce((sum, { length }) => sum + length, 0);
  const length = format.FRAME + 20 + padded(data.length) + optionsLength;
  const bytes = new Uint8Array(length);
  const [high, low] = ticksOfTime(timestamp, from);
  writeU32(bytes, 0, format.PACKET, little);
  writeU32(bytes, 4, length, little);
  writeU32(bytes, 8, interfaceId, little);
  writeU32(bytes, 12, high, little);
  writeU32(bytes, 16, low, little);
  writeU32(bytes, 20, data.length, little);
  writeU32(bytes, 24, originalLength, little);
  bytes.set(data, 28);
  let at = 28 + padded(data.length);
  for (const option of options) {
    bytes.set(option, at);
    at += option.length;
  }
  writeU32(bytes, at, length, little);
  return bytes;
}

/** One that says neither when, nor where, nor how much was captured. */
function encodeSimplePacket(
  { bytes, originalLength, options }: PacketContents,
  { snapLength }: CaptureInterface,
  interfaceId: number,
  little: boolean,
): Uint8Array {
  const captured = Math.min(originalLength, snapLength || originalLength);
  if (interfaceId !== 0 || options.length > 0 || captured !== bytes.length) {
    throw new TypeError(
      "timestamp must be given, unless a packet is of the first interface, as long as that captures, " +
        "and has no options",
    );
  }
  return framed(format.SIMPLE_PACKET, little, [
    numbers(little, originalLength),
    withPadding(bytes),
  ]);
}

function framed(
  type: number,
  little: boolean,
  pieces: readonly Uint8Array[],
  options: readonly CaptureOption[] = [],
  forms: OptionForms = {},
): Uint8Array {
  const body = joined([...pieces, ...encodeOptions(options, little, forms)]);
  const length = format.FRAME + body.length;
  return joined([numbers(little, type, length), body, numbers(little, length)]);
}

function numbers(little: boolean, ...values: number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 4);
  values.forEach((value, i) => {
    writeU32(bytes, i * 4, requireInteger(value, "A field", 0, MAX_U32), little);
  });
  return bytes;
}

function withPadding(bytes: Uint8Array): Uint8Array {
  if (requireBytes(bytes, "bytes").length % 4 === 0) return bytes;
  const whole = new Uint8Array(padded(bytes.length));
  whole.set(bytes);
  return whole;
}

import type { CaptureBlock, CaptureInterface, CaptureNames, CapturePacket } from "./block.ts";
import { padded, part, readU16, readU32 } from "./bytes.ts";
import { CaptureFileError } from "./error.ts";
import type { Input } from "./input.ts";
import {
  type CaptureOption,
  interfaceOptions,
  namesOptions,
  NO_OPTIONS,
  type OptionForms,
  otherOptions,
  packetOptions,
  readOptions,
  readText,
  sectionOptions,
  statisticsOptions,
} from "./option.ts";
import { ReadPacket, rememberOriginal, type Source } from "./original.ts";
import { tooLong } from "./pcap_format.ts";
import * as format from "./pcapng_format.ts";
import { narrow, timeOfTicks } from "./time.ts";

/** What a block has, between its lengths. */
interface Body {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/** Reads a file of pcapng, block by block. */
export class PcapngDecoder {
  readonly #input: Input;
  readonly #longest: number;
  #source: Source = { format: "pcapng", little: true, nanoseconds: false };
  #interfaces: CaptureInterface[] = [];

  constructor(input: Input, longest: number) {
    this.#input = input;
    this.#longest = longest;
  }

  /** The next block, if all of it is there. */
  next(): CaptureBlock | undefined {
    const input = this.#input;
    if (!input.has(format.FRAME)) return undefined;
    const type = readU32(input.bytes, input.at, this.#source.little);
    if (type === format.SECTION) this.#beginSection();
    const { little } = this.#source;
    const length = readU32(input.bytes, input.at + 4, little);
    if (length < format.FRAME || length % 4 !== 0) {
      throw this.#malformed(`a block cannot have ${length} bytes`, format.FRAME, length);
    }
    if (length > this.#longest) throw tooLong(input, length, this.#longest);
    if (!input.has(length)) return undefined;
    const { bytes, at } = input;
    const again = readU32(bytes, at + length - 4, little);
    if (again !== length) {
      throw this.#malformed(
        `a block of ${length} bytes ends with the length ${again}`,
        again,
        length,
      );
    }
    const body = { bytes, start: at + 8, end: at + length - 4 };
    const block = type === format.PACKET ? this.#packet(body, false) : this.#decode(type, body);
    if (block.kind === "interface") this.#interfaces.push(block);
    input.take(length);
    if (block.kind === "packet") return block;
    const interfaceId = block.kind === "statistics" ? readU32(bytes, at + 8, little) : 0;
    return rememberOriginal(block, {
      source: this.#source,
      bytes: part(bytes, at, at + length),
      interfaceId,
    });
  }

  #beginSection(): void {
    const { bytes, at } = this.#input;
    const little = readU32(bytes, at + 8, true) === format.BYTE_ORDER_MAGIC;
    if (!little && readU32(bytes, at + 8, false) !== format.BYTE_ORDER_MAGIC) {
      throw this.#malformed("a section does not say its byte order", format.FRAME, format.FRAME);
    }
    this.#source = { format: "pcapng", little, nanoseconds: false };
    this.#interfaces = [];
  }

  #decode(type: number, body: Body): CaptureBlock {
    switch (type) {
      case format.OLD_PACKET:
        return this.#packet(body, true);
      case format.SIMPLE_PACKET:
        return this.#simplePacket(body);
      case format.SECTION:
        return this.#section(body);
      case format.INTERFACE:
        return this.#interface(body);
      case format.NAMES:
        return this.#names(body);
      case format.STATISTICS:
        return this.#statistics(body);
      case format.SECRETS:
        return this.#secrets(body);
      case format.CUSTOM:
      case format.CUSTOM_NOT_COPYABLE:
        return this.#custom(body, type === format.CUSTOM);
      default:
        return { kind: "unknown", type, body: part(body.bytes, body.start, body.end) };
    }
  }

  #packet(body: Body, isOld: boolean): CapturePacket {
    this.#require(body, 20);
    const { bytes, start, end } = body;
    const { little } = this.#source;
    const id = isOld ? readU16(bytes, start, little) : readU32(bytes, start, little);
    const from = this.#interfaceOf(id);
    const length = readU32(bytes, start + 12, little);
    this.#require(body, 20 + padded(length));
    const optionsStart = start + 20 + padded(length);
    const contents = {
      bytes: part(bytes, start + 20, start + 20 + length),
      originalLength: readU32(bytes, start + 16, little),
      timestamp: timeOfTicks(
        readU32(bytes, start + 4, little),
        readU32(bytes, start + 8, little),
        from,
      ),
      interface: from,
      options: optionsStart === end
        ? NO_OPTIONS
        : this.#options({ bytes, start: optionsStart, end }, packetOptions),
    };
    return new ReadPacket(contents, this.#source, bytes, start - 8, end + 4, id);
  }

  /** It does not say how much was captured, which follows from what its interface captures. */
  #simplePacket(body: Body): CapturePacket {
    this.#require(body, 4);
    const { bytes, start, end } = body;
    const from = this.#interfaceOf(0);
    const originalLength = readU32(bytes, start, this.#source.little);
    const length = Math.min(originalLength, from.snapLength || originalLength);
    this.#require(body, 4 + padded(length));
    const contents = {
      bytes: part(bytes, start + 4, start + 4 + length),
      originalLength,
      timestamp: undefined,
      interface: from,
      options: NO_OPTIONS,
    };
    return new ReadPacket(contents, this.#source, bytes, start - 8, end + 4, 0);
  }

  #section(body: Body): CaptureBlock {
    this.#require(body, 16);
    const { bytes, start, end } = body;
    const { little } = this.#source;
    const version = [readU16(bytes, start + 4, little), readU16(bytes, start + 6, little)] as const;
    if (version[0] !== 1) {
      throw this.#malformed(`version ${version.join(".")} of pcapng is not known`, 16, 16);
    }
    const [first, second] = [readU32(bytes, start + 8, little), readU32(bytes, start + 12, little)];
    const [high, low] = little ? [second, first] : [first, second];
    return {
      kind: "section",
      byteOrder: little ? "little" : "big",
      version,
      length: narrow(BigInt.asIntN(64, BigInt(high) << 32n | BigInt(low))),
      options: this.#options({ bytes, start: start + 16, end }, sectionOptions),
    };
  }

  #interface(body: Body): CaptureInterface {
    this.#require(body, 8);
    const { bytes, start, end } = body;
    const { little } = this.#source;
    let resolution: number = format.DEFAULT_RESOLUTION;
    let timeOffset: number | bigint = 0;
    const options = this.#options({ bytes, start: start + 8, end }, interfaceOptions)
      .filter(({ code, value }) => {
        const isResolution = code === format.IF_TSRESOL && typeof value === "number";
        const isOffset = code === format.IF_TSOFFSET && typeof value === "bigint";
        if (isResolution) resolution = value;
        if (isOffset) timeOffset = narrow(value);
        return !isResolution && !isOffset;
      });
    return {
      kind: "interface",
      link: readU16(bytes, start, little),
      snapLength: readU32(bytes, start + 4, little),
      resolution,
      timeOffset,
      options,
    };
  }

  #names(body: Body): CaptureNames {
    const { bytes, end } = body;
    const { little } = this.#source;
    const records: CaptureNames["records"][number][] = [];
    let at = body.start;
    for (; at < end;) {
      this.#require({ bytes, start: at, end }, 4);
      const type = readU16(bytes, at, little);
      const length = readU16(bytes, at + 2, little);
      this.#require({ bytes, start: at, end }, 4 + padded(length));
      const value = part(bytes, at + 4, at + 4 + length);
      at += 4 + padded(length);
      if (type === 0) break;
      records.push({ type, ...splitName(type, value) });
    }
    return {
      kind: "names",
      records,
      options: this.#options({ bytes, start: at, end }, namesOptions),
    };
  }

  #statistics(body: Body): CaptureBlock {
    this.#require(body, 12);
    const { bytes, start, end } = body;
    const { little } = this.#source;
    const from = this.#interfaceOf(readU32(bytes, start, little));
    const high = readU32(bytes, start + 4, little);
    return {
      kind: "statistics",
      interface: from,
      timestamp: timeOfTicks(high, readU32(bytes, start + 8, little), from),
      options: this.#options({ bytes, start: start + 12, end }, statisticsOptions),
    };
  }

  #secrets(body: Body): CaptureBlock {
    this.#require(body, 8);
    const { bytes, start, end } = body;
    const { little } = this.#source;
    const length = readU32(bytes, start + 4, little);
    this.#require(body, 8 + padded(length));
    return {
      kind: "secrets",
      type: readU32(bytes, start, little),
      bytes: part(bytes, start + 8, start + 8 + length),
      options: this.#options({ bytes, start: start + 8 + padded(length), end }, otherOptions),
    };
  }

  #custom(body: Body, copyable: boolean): CaptureBlock {
    this.#require(body, 4);
    const { bytes, start, end } = body;
    const enterprise = readU32(bytes, start, this.#source.little);
    return { kind: "custom", copyable, enterprise, body: part(bytes, start + 4, end) };
  }

  #interfaceOf(id: number): CaptureInterface {
    if (id < this.#interfaces.length) return this.#interfaces[id];
    const count = this.#interfaces.length;
    throw this.#malformed(`there is no interface ${id} among ${count}`, id + 1, count);
  }

  #options({ bytes, start, end }: Body, forms: OptionForms): readonly CaptureOption[] {
    const options = readOptions(bytes, start, end, this.#source.little, forms);
    if (options !== undefined) return options;
    throw this.#malformed("an option does not fit its block", end - start + 1, end - start);
  }

  /** Makes sure that a body has so many bytes. */
  #require({ start, end }: Body, needed: number): void {
    if (end - start >= needed) return;
    const available = end - start;
    throw this.#malformed(
      `a block has ${available} bytes for what takes ${needed}`,
      needed,
      available,
    );
  }

  #malformed(what: string, needed: number, available: number): CaptureFileError {
    const { offset } = this.#input;
    return new CaptureFileError(what, { reason: "malformed", offset, needed, available });
  }
}

/** How long the addresses of names are, by the type of their record. */
const ADDRESSES: Readonly<Record<number, number>> = { 1: 4, 2: 16, 3: 6, 4: 8 };

/** What is not an address and names that each end with a zero is kept whole. */
function splitName(type: number, value: Uint8Array): { address: Uint8Array; names: string[] } {
  const length = ADDRESSES[type] ?? value.length;
  const text = readText(value.subarray(length));
  if (value.length <= length || text === undefined || !text.endsWith("\0")) {
    return { address: value, names: [] };
  }
  return { address: value.subarray(0, length), names: text.slice(0, -1).split("\0") };
}

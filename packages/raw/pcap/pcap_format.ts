import { requireInteger } from "../arguments.ts";
import type { CaptureInterface, CapturePacket, PcapHeader } from "./block.ts";
import { MAX_U32, part, readU16, readU32, writeU16, writeU32 } from "./bytes.ts";
import { CaptureFileError } from "./error.ts";
import type { Input } from "./input.ts";
import { NO_OPTIONS } from "./option.ts";
import { ReadPacket, rememberOriginal, type Source } from "./original.ts";
import { type CaptureTime, requireTime } from "./time.ts";

/** The first number of a file, by what it counts; its bytes tell the byte order. */
const MICROSECONDS = 0xa1b2c3d4;
const NANOSECONDS = 0xa1b23c4d;

const FILE_HEADER = 24;
const PACKET_HEADER = 16;

/** The bits of the link type that are the link type; others tell of the frame check sequence. */
const LINK_MASK = 0x03ff_ffff;
const CHECK_SEQUENCE_KNOWN = 0x0400_0000;

/** How the file is to be read that begins with these four bytes, if it is pcap. */
export function pcapSource(bytes: Uint8Array, at: number): Source | undefined {
  for (const little of [true, false]) {
    const magic = readU32(bytes, at, little);
    if (magic === MICROSECONDS || magic === NANOSECONDS) {
      return { format: "pcap", little, nanoseconds: magic === NANOSECONDS };
    }
  }
  return undefined;
}

/** Reads a file of pcap: one header, then packets. */
export class PcapDecoder {
  readonly #input: Input;
  readonly #source: Source;
  readonly #longest: number;
  #interface: CaptureInterface | undefined;

  constructor(input: Input, source: Source, longest: number) {
    this.#input = input;
    this.#source = source;
    this.#longest = longest;
  }

  /** The next block, if enough of it is there. */
  next(): PcapHeader | CapturePacket | undefined {
    return this.#interface === undefined ? this.#header() : this.#packet(this.#interface);
  }

  #header(): PcapHeader | undefined {
    const input = this.#input;
    if (!input.has(FILE_HEADER)) return undefined;
    const { bytes, at } = input;
    const { little, nanoseconds } = this.#source;
    const version = [readU16(bytes, at + 4, little), readU16(bytes, at + 6, little)] as const;
    if (version[0] !== 2) {
      throw new CaptureFileError(`version ${version.join(".")} of pcap is not known`, {
        ...{ reason: "malformed", offset: input.offset, needed: FILE_HEADER },
        available: input.available,
      });
    }
    const linkField = readU32(bytes, at + 20, little);
    this.#interface = {
      kind: "interface",
      link: linkField & LINK_MASK,
      snapLength: readU32(bytes, at + 16, little),
      resolution: nanoseconds ? 9 : 6,
      timeOffset: 0,
      options: [],
    };
    const header: PcapHeader = {
      kind: "header",
      byteOrder: little ? "little" : "big",
      nanoseconds,
      version,
      unused: [readU32(bytes, at + 8, little) | 0, readU32(bytes, at + 12, little)],
      checkSequence: linkField & CHECK_SEQUENCE_KNOWN ? linkField >>> 28 << 1 : undefined,
      interface: this.#interface,
    };
    input.take(FILE_HEADER);
    return rememberOriginal(header, {
      source: this.#source,
      bytes: part(bytes, at, at + FILE_HEADER),
      interfaceId: 0,
    });
  }

  #packet(from: CaptureInterface): CapturePacket | undefined {
    const input = this.#input;
    if (!input.has(PACKET_HEADER)) return undefined;
    const { little, nanoseconds } = this.#source;
    const length = readU32(input.bytes, input.at + 8, little);
    if (length > this.#longest) throw tooLong(input, length, this.#longest);
    if (!input.has(PACKET_HEADER + length)) return undefined;
    const { bytes, at } = input; // which joining moves
    const end = at + PACKET_HEADER + length;
    const seconds = readU32(bytes, at, little);
    const fraction = readU32(bytes, at + 4, little);
    const packet = new ReadPacket(
      {
        bytes: part(bytes, at + PACKET_HEADER, end),
        originalLength: readU32(bytes, at + 12, little),
        timestamp: timeOf(seconds, fraction, nanoseconds ? 1 : 1000),
        interface: from,
        options: NO_OPTIONS,
      },
      this.#source,
      bytes,
      at,
      end,
      0,
    );
    input.take(PACKET_HEADER + length);
    return packet;
  }
}

/** A fraction may be a second and more, in files that were written so. */
function timeOf(seconds: number, fraction: number, unit: number): CaptureTime {
  const perSecond = 1_000_000_000 / unit;
  if (fraction < perSecond) return { seconds, nanoseconds: fraction * unit };
  return {
    seconds: seconds + Math.floor(fraction / perSecond),
    nanoseconds: fraction % perSecond * unit,
  };
}

/** What is longer than is allowed is refused at once, and not waited for. */
export function tooLong(input: Input, length: number, longest: number): CaptureFileError {
  return new CaptureFileError(`${length} bytes are more than the ${longest} that are allowed`, {
    ...{ reason: "too long", offset: input.offset, needed: length, available: input.available },
  });
}

/** The bytes of a header, as they were or made anew. */
export function encodePcapHeader(header: PcapHeader): Uint8Array {
  const little = header.byteOrder === "little";
  const { link, snapLength } = header.interface;
  const { checkSequence } = header;
  const bytes = new Uint8Array(FILE_HEADER);
  writeU32(bytes, 0, header.nanoseconds ? NANOSECONDS : MICROSECONDS, little);
  writeU16(bytes, 4, header.version[0], little);
  writeU16(bytes, 6, header.version[1], little);
  writeU32(bytes, 8, header.unused[0], little);
  writeU32(bytes, 12, header.unused[1], little);
  writeU32(bytes, 16, requireInteger(snapLength, "snapLength", 0, MAX_U32), little);
  const check = checkSequence === undefined ? 0 : CHECK_SEQUENCE_KNOWN | checkSequence >> 1 << 28;
  writeU32(bytes, 20, requireInteger(link, "link", 0, LINK_MASK) | check, little);
  return bytes;
}

/** A packet with its header before it. */
export function encodePcapPacket(
  data: Uint8Array,
  originalLength: number,
  time: CaptureTime,
  { little, nanoseconds }: Source,
): Uint8Array {
  requireTime(time);
  if (time.seconds < 0 || time.seconds >= 2 ** 32) {
    throw new RangeError(`seconds must be between 0 and 4294967295 in pcap, not ${time.seconds}`);
  }
  const bytes = new Uint8Array(PACKET_HEADER + data.length);
  const fraction = nanoseconds ? time.nanoseconds : Math.floor(time.nanoseconds / 1000);
  writeU32(bytes, 0, Number(time.seconds), little);
  writeU32(bytes, 4, fraction, little);
  writeU32(bytes, 8, data.length, little);
  writeU32(bytes, 12, originalLength, little);
  bytes.set(data, PACKET_HEADER);
  return bytes;
}

import { oneOfNames, requireBoolean, requireInteger, requireKnown } from "../arguments.ts";
import type { CaptureBlock, CaptureInterface } from "./block.ts";
import { type ByteOrder, MAX_U32 } from "./bytes.ts";
import { linkNumber, type LinkType } from "./link_type.ts";
import type { CaptureOption } from "./option.ts";
import { PcapWriter } from "./pcap_writer.ts";
import { PcapngWriter } from "./pcapng_writer.ts";
import type { CaptureTime } from "./time.ts";
import type { Settings } from "./write_settings.ts";

/**
 * What a capture is to be like.
 *
 * @example What tcpdump writes
 * ```ts
 * import { captureWriter, type CaptureWriterOptions } from "@posixly/raw/pcap";
 * import assert from "node:assert/strict";
 *
 * const likeTcpdump: CaptureWriterOptions = { format: "pcap", nanoseconds: false };
 * assert.equal(captureWriter(likeTcpdump).end().length, 24);
 * ```
 */
export interface CaptureWriterOptions {
  /** The format: pcapng unless said otherwise. */
  readonly format?: "pcap" | "pcapng";
  /**
   * What packets begin with, if they do not say where they were captured. Left out, a file of pcap
   * takes it from its first packet; otherwise it is Ethernet.
   */
  readonly link?: LinkType;
  /** What packets are cut to, in bytes; left out, or 0, all of them is written. */
  readonly snapLength?: number;
  /** `false` writes times in microseconds, which leaves out what is less. */
  readonly nanoseconds?: boolean;
  /** The byte order: little-endian unless said otherwise. */
  readonly byteOrder?: ByteOrder;
}

/**
 * A packet to be written: one that was read, or as much of it as there is.
 *
 * @example Usage
 * ```ts
 * import { captureWriter, type PacketToWrite } from "@posixly/raw/pcap";
 *
 * const packet: PacketToWrite = {
 *   bytes: new Uint8Array(60),
 *   timestamp: { seconds: 1_800_000_000, nanoseconds: 0 },
 * };
 * captureWriter().write(packet);
 * ```
 */
export interface PacketToWrite {
  /** What tells it from other blocks; it may be left out. */
  readonly kind?: "packet";
  /** What there is of it. */
  readonly bytes: Uint8Array;
  /** How long it was when it passed, in bytes; left out, as long as it is. */
  readonly originalLength?: number;
  /** When it passed; only pcapng can do without. */
  readonly timestamp?: CaptureTime | undefined;
  /** Where it passed; left out, an interface as the writer's options say. */
  readonly interface?: CaptureInterface;
  /** What else is said about it; pcap has no place for it. */
  readonly options?: readonly CaptureOption[];
}

/**
 * Writes captures: what {@linkcode captureWriter} returns.
 *
 * @example From one format to the other
 * ```ts
 * import { captureWriter, type CaptureWriter, parseCapture } from "@posixly/raw/pcap";
 * import assert from "node:assert/strict";
 *
 * function converted(file: Uint8Array): Uint8Array[] {
 *   const writer: CaptureWriter = captureWriter({ format: "pcapng" });
 *   return [...Array.from(parseCapture(file), (packet) => writer.write(packet)), writer.end()];
 * }
 * const pieces = converted(captureWriter({ format: "pcap" }).end());
 * assert.equal(pieces[0][0], 0x0a);
 * ```
 */
export interface CaptureWriter {
  /**
   * Gives the bytes of a packet or another block, with what has to come before it: the beginning
   * of the file, and the description of an interface that is new.
   *
   * What was read and is passed on unchanged is written as it was, byte by byte, where the byte
   * order and the number of its interface are the same. A `header` or `section` that is passed on
   * first is the beginning of the file, and decides the byte order.
   *
   * @param block The packet or block
   * @returns The bytes; they may be those that the block was read from, and are not to be changed
   * @throws {TypeError} If the format has no place for it, or a time is missing
   * @throws {TypeError | RangeError} If something is beyond what the format can say
   */
  write(block: PacketToWrite | CaptureBlock): Uint8Array;
  /**
   * Gives what a file without packets consists of, if nothing was written, and else nothing.
   *
   * @returns The bytes
   */
  end(): Uint8Array;
}

/**
 * Makes what writes a file, piece by piece. Where the pieces go is up to the caller: `captureStream`
 * is the same as a stream.
 *
 * @param options What the file is to be like
 * @returns The writer
 * @throws {TypeError | RangeError} If an option is misspelt, or cannot be
 *
 * @example Usage
 * ```ts
 * import { captureWriter, parseCapture } from "@posixly/raw/pcap";
 * import assert from "node:assert/strict";
 *
 * const writer = captureWriter({ format: "pcap", link: "ipv4" });
 * const bytes = Uint8Array.of(0x45, 0, 0, 20, ...new Uint8Array(16));
 * const file = writer.write({ bytes, timestamp: { seconds: 1_800_000_000, nanoseconds: 1 } });
 * const [packet] = parseCapture(file);
 * assert.deepEqual(packet.bytes, bytes);
 * ```
 */
export function captureWriter(options: CaptureWriterOptions = {}): CaptureWriter {
  const settings = settingsOf(options);
  return settings.format === "pcap" ? new PcapWriter(settings) : new PcapngWriter(settings);
}

/**
 * A stream from packets, or any blocks, to the bytes of a file.
 *
 * @param options What the file is to be like
 * @returns The stream; it fails with what `write` throws
 * @throws {TypeError | RangeError} If an option is misspelt, or cannot be
 *
 * @example Only packets to or from a port, say
 * ```ts
 * import { captureStream, type PacketToWrite } from "@posixly/raw/pcap";
 * import assert from "node:assert/strict";
 *
 * const packets = new ReadableStream<PacketToWrite>({
 *   start(controller) {
 *     controller.enqueue({ bytes: new Uint8Array(60), timestamp: { seconds: 1, nanoseconds: 0 } });
 *     controller.close();
 *   },
 * });
 * let length = 0;
 * for await (const piece of packets.pipeThrough(captureStream({ format: "pcap" }))) {
 *   length += piece.length;
 * }
 * assert.equal(length, 24 + 16 + 60);
 * ```
 */
export function captureStream(
  options: CaptureWriterOptions = {},
): TransformStream<PacketToWrite | CaptureBlock, Uint8Array> {
  const writer = captureWriter(options);
  return new TransformStream({
    transform: (block, controller) => controller.enqueue(writer.write(block)),
    flush(controller) {
      const rest = writer.end();
      if (rest.length > 0) controller.enqueue(rest);
    },
  });
}

const KNOWN = ["format", "link", "snapLength", "nanoseconds", "byteOrder"];

function settingsOf(options: CaptureWriterOptions): Settings {
  requireKnown(options, KNOWN);
  const { format = "pcapng", link, snapLength = 0, nanoseconds = true } = options;
  const { byteOrder = "little" } = options;
  oneOfNames({ pcap: 0, pcapng: 0 }, format, "format");
  oneOfNames({ little: 0, big: 0 }, byteOrder, "byteOrder");
  requireInteger(snapLength, "snapLength", 0, MAX_U32);
  requireBoolean(nanoseconds, "nanoseconds");
  return {
    format,
    link: link === undefined ? undefined : linkNumber(link),
    snapLength,
    nanoseconds,
    byteOrder,
  };
}

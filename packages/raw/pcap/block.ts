import type { ByteOrder } from "./bytes.ts";
import type { CaptureOption } from "./option.ts";
import type { CaptureTime } from "./time.ts";

/**
 * A packet as it is in a file.
 *
 * @example The longest
 * ```ts
 * import { type CapturePacket, captureWriter, parseCapture } from "@posixly/raw/pcap";
 * import assert from "node:assert/strict";
 *
 * const longest = (packets: Iterable<CapturePacket>) =>
 *   Math.max(...Array.from(packets, ({ originalLength }) => originalLength));
 *
 * const timestamp = { seconds: 1_800_000_000, nanoseconds: 0 };
 * const file = captureWriter().write({ bytes: new Uint8Array(60), originalLength: 1514, timestamp });
 * assert.equal(longest(parseCapture(file)), 1514);
 * ```
 */
export interface CapturePacket {
  /** What tells it from other blocks. */
  readonly kind: "packet";
  /** What was captured of it: not a copy, but a view of the bytes that were read. */
  readonly bytes: Uint8Array;
  /** How long it was when it passed, in bytes. */
  readonly originalLength: number;
  /** When it passed; simple packets of pcapng do not say. */
  readonly timestamp: CaptureTime | undefined;
  /** Where it passed, and so what its first bytes are; the same object for all that did. */
  readonly interface: CaptureInterface;
  /** What else pcapng says about it, such as comments. */
  readonly options: readonly CaptureOption[];
}

/**
 * What packets were captured at: a block of pcapng; a file of pcap is taken to have one.
 *
 * @example Usage
 * ```ts
 * import { type CaptureInterface, captureWriter, linkTypes } from "@posixly/raw/pcap";
 *
 * const uplink: CaptureInterface = {
 *   kind: "interface",
 *   link: linkTypes.ethernet,
 *   snapLength: 96,
 *   resolution: 9,
 *   timeOffset: 0,
 *   options: [{ code: 2, value: "eth0" }],
 * };
 * const writer = captureWriter();
 * const timestamp = { seconds: 1_800_000_000, nanoseconds: 1 };
 * writer.write({ bytes: new Uint8Array(60), timestamp, interface: uplink });
 * ```
 */
export interface CaptureInterface {
  /** What tells it from other blocks. */
  readonly kind: "interface";
  /** What packets begin with: a number of the registry of link types, see `linkTypes`. */
  readonly link: number;
  /** How many bytes of each packet were captured at most; 0 is all of them. */
  readonly snapLength: number;
  /**
   * What a second is divided into: 10 to the power of this, such as 6 for microseconds and 9 for
   * nanoseconds; or with 0x80 added, 2 to the power of the rest.
   */
  readonly resolution: number;
  /** Seconds to be added to its times, which was done already with those of packets. */
  readonly timeOffset: number | bigint;
  /** What else is said about it: 2 is its name, 3 a description. */
  readonly options: readonly CaptureOption[];
}

/**
 * What a file of pcap begins with.
 *
 * @example Usage
 * ```ts
 * import { captureWriter, type PcapHeader, parseCapture } from "@posixly/raw/pcap";
 * import assert from "node:assert/strict";
 *
 * const file = captureWriter({ format: "pcap", link: "ipv4" }).end();
 * const [header] = parseCapture(file).blocks() as Iterable<PcapHeader>;
 * assert.equal(header.interface.link, 228);
 * ```
 */
export interface PcapHeader {
  /** What tells it from other blocks. */
  readonly kind: "header";
  /** The byte order of the file. */
  readonly byteOrder: ByteOrder;
  /** Whether it counts nanoseconds, or microseconds. */
  readonly nanoseconds: boolean;
  /** The version of the format: 2 and 4. */
  readonly version: readonly [major: number, minor: number];
  /** The time zone and the accuracy of times, which everybody leaves at 0. */
  readonly unused: readonly [zone: number, accuracy: number];
  /** How many bytes of a frame check sequence packets end with, if it is said. */
  readonly checkSequence: number | undefined;
  /** What its packets were captured at. */
  readonly interface: CaptureInterface;
}

/**
 * What a section of pcapng begins with; a file may have several.
 *
 * @example Usage
 * ```ts
 * import { type CaptureSection, captureWriter } from "@posixly/raw/pcap";
 *
 * const section: CaptureSection = {
 *   kind: "section",
 *   byteOrder: "little",
 *   version: [1, 0],
 *   length: -1,
 *   options: [{ code: 4, value: "my sniffer" }],
 * };
 * captureWriter().write(section);
 * ```
 */
export interface CaptureSection {
  /** What tells it from other blocks. */
  readonly kind: "section";
  /** The byte order of all that follows, up to the next section. */
  readonly byteOrder: ByteOrder;
  /** The version of the format: 1 and 0, or 2. */
  readonly version: readonly [major: number, minor: number];
  /** How long what follows is, in bytes; -1 if it is not said. */
  readonly length: number | bigint;
  /** 2 is the hardware, 3 the operating system, 4 the program. */
  readonly options: readonly CaptureOption[];
}

/**
 * Addresses and what they are called, so that reading a file needs no name server.
 *
 * @example Usage
 * ```ts
 * import { type CaptureNames, captureWriter } from "@posixly/raw/pcap";
 *
 * const names: CaptureNames = {
 *   kind: "names",
 *   records: [{ type: 1, address: Uint8Array.of(127, 0, 0, 1), names: ["localhost"] }],
 *   options: [],
 * };
 * captureWriter().write(names);
 * ```
 */
export interface CaptureNames {
  /** What tells it from other blocks. */
  readonly kind: "names";
  /**
   * An address each: type 1 is IPv4, 2 IPv6, 3 and 4 hardware addresses of 6 and 8 bytes. Of other
   * types `address` is all that they have.
   */
  readonly records: readonly {
    readonly type: number;
    readonly address: Uint8Array;
    readonly names: readonly string[];
  }[];
  /** 2 is the name of the server that was asked. */
  readonly options: readonly CaptureOption[];
}

/**
 * What an interface has counted.
 *
 * @example Usage
 * ```ts
 * import { type CaptureStatistics, parseCapture } from "@posixly/raw/pcap";
 *
 * const dropped = ({ options }: CaptureStatistics) =>
 *   options.find(({ code }) => code === 5)?.value ?? 0n;
 *
 * function report(file: Uint8Array) {
 *   for (const block of parseCapture(file).blocks()) {
 *     if (block.kind === "statistics") console.log(dropped(block));
 *   }
 * }
 * ```
 */
export interface CaptureStatistics {
  /** What tells it from other blocks. */
  readonly kind: "statistics";
  /** Whose counts they are. */
  readonly interface: CaptureInterface;
  /** When it counted so. */
  readonly timestamp: CaptureTime;
  /** The counts: 4 is how many packets were received, 5 how many dropped. */
  readonly options: readonly CaptureOption[];
}

/**
 * Keys that decrypt what was captured, as they are.
 *
 * @example Usage
 * ```ts
 * import { type CaptureSecrets, captureWriter } from "@posixly/raw/pcap";
 *
 * const secrets: CaptureSecrets = {
 *   kind: "secrets",
 *   type: 0x544c534b, // a key log of TLS
 *   bytes: new TextEncoder().encode("CLIENT_RANDOM 00 00\n"),
 *   options: [],
 * };
 * captureWriter().write(secrets);
 * ```
 */
export interface CaptureSecrets {
  /** What tells it from other blocks. */
  readonly kind: "secrets";
  /** What they are: 0x544c534b is a key log of TLS. */
  readonly type: number;
  /** Themselves. */
  readonly bytes: Uint8Array;
  /** Comments. */
  readonly options: readonly CaptureOption[];
}

/**
 * A block of whoever has an enterprise number of IANA.
 *
 * @example Usage
 * ```ts
 * import { captureWriter, type CustomBlock } from "@posixly/raw/pcap";
 *
 * const block: CustomBlock = {
 *   kind: "custom",
 *   copyable: true,
 *   enterprise: 32473, // the one for examples
 *   body: new Uint8Array(8),
 * };
 * captureWriter().write(block);
 * ```
 */
export interface CustomBlock {
  /** What tells it from other blocks. */
  readonly kind: "custom";
  /** Whether it may stay when a file is edited. */
  readonly copyable: boolean;
  /** Whose it is. */
  readonly enterprise: number;
  /** What it has, options included, in the byte order of its section; padded to 4 bytes. */
  readonly body: Uint8Array;
}

/**
 * A block of a type that is not known here, kept as it is.
 *
 * @example Usage
 * ```ts
 * import { captureWriter, type UnknownBlock } from "@posixly/raw/pcap";
 *
 * const journal: UnknownBlock = { kind: "unknown", type: 9, body: new Uint8Array(8) };
 * captureWriter().write(journal);
 * ```
 */
export interface UnknownBlock {
  /** What tells it from other blocks. */
  readonly kind: "unknown";
  /** Its type. */
  readonly type: number;
  /** What it has, in the byte order of its section; padded to 4 bytes. */
  readonly body: Uint8Array;
}

/**
 * Anything that a file has: `kind` says what. A file of pcap has one header and packets.
 *
 * @example How many of each kind
 * ```ts
 * import { type CaptureBlock, captureWriter, parseCapture } from "@posixly/raw/pcap";
 * import assert from "node:assert/strict";
 *
 * const kinds = (blocks: Iterable<CaptureBlock>) => Array.from(blocks, ({ kind }) => kind);
 *
 * const timestamp = { seconds: 1_800_000_000, nanoseconds: 0 };
 * const file = captureWriter().write({ bytes: new Uint8Array(60), timestamp });
 * assert.deepEqual(kinds(parseCapture(file).blocks()), ["section", "interface", "packet"]);
 * ```
 */
export type CaptureBlock =
  | PcapHeader
  | CaptureSection
  | CaptureInterface
  | CapturePacket
  | CaptureNames
  | CaptureStatistics
  | CaptureSecrets
  | CustomBlock
  | UnknownBlock;

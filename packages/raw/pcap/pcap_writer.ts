import type { CaptureBlock, PcapHeader } from "./block.ts";
import { joined } from "./bytes.ts";
import { linkTypes } from "./link_type.ts";
import { originalOf, type Source } from "./original.ts";
import { encodePcapHeader, encodePcapPacket } from "./pcap_format.ts";
import { contentsOf, isPacket, type Settings } from "./write_settings.ts";
import type { CaptureWriter, PacketToWrite } from "./writer.ts";

/** What libpcap takes for any packet at all. */
const PCAP_SNAP_LENGTH = 262144;

export class PcapWriter implements CaptureWriter {
  readonly #settings: Settings;
  /** What the file begins with, once that was given out. */
  #header: PcapHeader | undefined;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  write(block: PacketToWrite | CaptureBlock): Uint8Array {
    if (isPacket(block)) return this.#packet(block);
    if (block.kind !== "header") throw new TypeError(`pcap has no place for kind ${block.kind}`);
    if (this.#header !== undefined) throw new TypeError("pcap has one header, which comes first");
    this.#header = block;
    return bytesOf(block);
  }

  end(): Uint8Array {
    if (this.#header !== undefined) return new Uint8Array(0);
    this.#header = this.#newHeader();
    return bytesOf(this.#header);
  }

  #packet(packet: PacketToWrite): Uint8Array {
    const header = this.#header ?? this.#newHeader(packet);
    const { link } = packet.interface ?? header.interface;
    if (link !== header.interface.link) {
      throw new TypeError(
        `pcap has one link type, here ${header.interface.link}, and the packet has ${link}`,
      );
    }
    const bytes = this.#packetBytes(packet, header);
    if (this.#header !== undefined) return bytes;
    this.#header = header;
    return joined([bytesOf(header), bytes]);
  }

  #packetBytes(packet: PacketToWrite, { byteOrder, nanoseconds }: PcapHeader): Uint8Array {
    const source: Source = { format: "pcap", little: byteOrder === "little", nanoseconds };
    const { snapLength } = this.#settings;
    const original = snapLength === 0 ? originalOf(packet) : undefined;
    if (original !== undefined && isSame(original.source, source)) return original.bytes;
    const { bytes, originalLength, timestamp } = contentsOf(packet, snapLength);
    if (timestamp === undefined) throw new TypeError("timestamp must be given in pcap");
    return encodePcapPacket(bytes, originalLength, timestamp, source);
  }

  #newHeader(first?: PacketToWrite): PcapHeader {
    const { byteOrder, nanoseconds, link, snapLength } = this.#settings;
    return {
      kind: "header",
      byteOrder,
      nanoseconds,
      version: [2, 4],
      unused: [0, 0],
      checkSequence: undefined,
      interface: {
        kind: "interface",
        link: link ?? first?.interface?.link ?? linkTypes.ethernet,
        snapLength: snapLength || PCAP_SNAP_LENGTH,
        resolution: nanoseconds ? 9 : 6,
        timeOffset: 0,
        options: [],
      },
    };
  }
}

function bytesOf(header: PcapHeader): Uint8Array {
  return originalOf(header)?.bytes ?? encodePcapHeader(header);
}

function isSame(one: Source, other: Source): boolean {
  return one.format === other.format && one.little === other.little &&
    one.nanoseconds === other.nanoseconds;
}

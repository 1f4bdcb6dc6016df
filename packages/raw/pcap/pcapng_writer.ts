import type { CaptureBlock, CaptureInterface } from "./block.ts";
import { joined } from "./bytes.ts";
import { linkTypes } from "./link_type.ts";
import { originalOf } from "./original.ts";
import { encodeBlock, encodePacket } from "./pcapng_encode.ts";
import { contentsOf, isPacket, type Settings } from "./write_settings.ts";
import type { CaptureWriter, PacketToWrite } from "./writer.ts";

type PlainBlock = Exclude<CaptureBlock, { kind: "header" | "packet" }>;

export class PcapngWriter implements CaptureWriter {
  readonly #settings: Settings;
  /** For packets that do not say where they passed. */
  readonly #default: CaptureInterface;
  /** The byte order of the section, once there is one. */
  #little: boolean | undefined;
  /** Those that the section has described, and their numbers. */
  readonly #interfaces = new Map<CaptureInterface, number>();
  #interfaceCount = 0;
  /** What has to come before the next block; it is kept if that turns out to be a wrong one. */
  #before: Uint8Array[] = [];

  constructor(settings: Settings) {
    this.#settings = settings;
    this.#default = {
      kind: "interface",
      link: settings.link ?? linkTypes.ethernet,
      snapLength: settings.snapLength,
      resolution: settings.nanoseconds ? 9 : 6,
      timeOffset: 0,
      options: [],
    };
  }

  write(block: PacketToWrite | CaptureBlock): Uint8Array {
    if (block.kind === "header") throw new TypeError("pcapng has no place for kind header");
    if (block.kind !== "section") this.#begin();
    const bytes = isPacket(block) ? this.#packet(block) : this.#block(block);
    return this.#before.length === 0 ? bytes : this.#withBefore(bytes);
  }

  end(): Uint8Array {
    this.#begin();
    return this.#withBefore(new Uint8Array(0));
  }

  #withBefore(bytes: Uint8Array): Uint8Array {
    const all = joined([...this.#before, bytes]);
    this.#before = [];
    return all;
  }

  #begin(): void {
    if (this.#little !== undefined) return;
    const { byteOrder } = this.#settings;
    this.#before.push(
      this.#block({ kind: "section", byteOrder, version: [1, 0], length: -1, options: [] }),
    );
  }

  #packet(packet: PacketToWrite): Uint8Array {
    const from = packet.interface ?? this.#default;
    const id = this.#numberOf(from);
    const { snapLength } = this.#settings;
    return (snapLength === 0 ? this.#original(packet, this.#little!, id) : undefined) ??
      encodePacket(contentsOf(packet, snapLength), from, id, this.#little!);
  }

  #block(block: PlainBlock): Uint8Array {
    const little = block.kind === "section" ? block.byteOrder === "little" : this.#little!;
    const id = block.kind === "statistics" ? this.#numberOf(block.interface) : 0;
    const bytes = this.#original(block, little, id) ?? encodeBlock(block, little, id);
    if (block.kind === "section") {
      this.#little = little;
      this.#interfaces.clear();
      this.#interfaceCount = 0;
    } else if (block.kind === "interface") {
      this.#interfaces.set(block, this.#interfaceCount++);
    }
    return bytes;
  }

  /** The bytes that a block was read from, if they say the same here. */
  #original(block: object, little: boolean, interfaceId: number): Uint8Array | undefined {
    const original = originalOf(block);
    if (original === undefined || original.source.format !== "pcapng") return undefined;
    if (original.source.little !== little || original.interfaceId !== interfaceId) return undefined;
    return original.bytes;
  }

  /** The number of an interface, which is described first if it was not yet. */
  #numberOf(from: CaptureInterface): number {
    const known = this.#interfaces.get(from);
    if (known !== undefined) return known;
    const id = this.#interfaceCount;
    this.#before.push(this.#block(from));
    return id;
  }
}

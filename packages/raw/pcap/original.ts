import type { CaptureInterface, CapturePacket } from "./block.ts";
import { part } from "./bytes.ts";
import type { CaptureOption } from "./option.ts";
import type { CaptureTime } from "./time.ts";

/** What the bytes of blocks depend on; one for each file of pcap or section of pcapng. */
export interface Source {
  readonly format: "pcap" | "pcapng";
  readonly little: boolean;
  /** Whether times of pcap are in nanoseconds. */
  readonly nanoseconds: boolean;
}

/** The bytes that a block was read from. */
export interface Original {
  readonly source: Source;
  readonly bytes: Uint8Array;
  /** The number of its interface in its section, for what has one. */
  readonly interfaceId: number;
}

/**
 * Where blocks were read from, so that what is only passed on is written as it was, down to its
 * padding. Whoever changes a block makes a new object, which is not in here.
 */
const originals = new WeakMap<object, Original>();

export function rememberOriginal<T extends object>(block: T, original: Original): T {
  originals.set(block, original);
  return block;
}

/** A packet that remembers by itself, since there are many. A copy made by `...` does not. */
export class ReadPacket implements CapturePacket {
  readonly kind = "packet";
  readonly bytes: Uint8Array;
  readonly originalLength: number;
  readonly timestamp: CaptureTime | undefined;
  readonly interface: CaptureInterface;
  readonly options: readonly CaptureOption[];
  readonly #source: Source;
  readonly #chunk: Uint8Array;
  readonly #start: number;
  readonly #end: number;
  readonly #interfaceId: number;

  constructor(
    contents: Omit<CapturePacket, "kind">,
    source: Source,
    chunk: Uint8Array,
    start: number,
    end: number,
    interfaceId: number,
  ) {
    this.bytes = contents.bytes;
    this.originalLength = contents.originalLength;
    this.timestamp = contents.timestamp;
    this.interface = contents.interface;
    this.options = contents.options;
    this.#source = source;
    this.#chunk = chunk;
    this.#start = start;
    this.#end = end;
    this.#interfaceId = interfaceId;
  }

  static originalOf(packet: object): Original | undefined {
    if (!(#chunk in packet)) return undefined;
    return {
      source: packet.#source,
      bytes: part(packet.#chunk, packet.#start, packet.#end),
      interfaceId: packet.#interfaceId,
    };
  }
}

/** The bytes that a block was read from, if it was read and not changed. */
export function originalOf(block: object): Original | undefined {
  return ReadPacket.originalOf(block) ?? originals.get(block);
}

import { requireBytes, show } from "../arguments.ts";
import type { CaptureBlock, CapturePacket } from "./block.ts";
import { CaptureDecoder, type CaptureOptions } from "./decoder.ts";
import { CaptureFileError } from "./error.ts";

/**
 * Reads a whole file that is in memory.
 *
 * @param bytes The file; packets are views of it
 * @param options How to go on where it is damaged
 * @returns Its packets in order, to be iterated over once
 * @throws {TypeError | RangeError} If an option is misspelt, or cannot be
 *
 * @example Usage
 * ```ts
 * import { captureWriter, parseCapture } from "@posixly/raw/pcap";
 * import assert from "node:assert/strict";
 *
 * const timestamp = { seconds: 1_800_000_000, nanoseconds: 1 };
 * const file = captureWriter().write({ bytes: Uint8Array.of(0x45), timestamp });
 * for (const packet of parseCapture(file)) {
 *   assert.deepEqual(packet.timestamp, timestamp);
 * }
 * ```
 */
export function parseCapture(bytes: Uint8Array, options: CaptureOptions = {}): ParsedCapture {
  return new ParsedCapture(bytes, options);
}

/**
 * Reads a file as it comes.
 *
 * @param source The stream, or anything that gives its chunks; none of them may be used again for
 * other bytes while packets of it are in use
 * @param options How to go on where it is damaged
 * @returns Its packets in order, to be iterated over once; leaving early cancels the stream
 * @throws {TypeError | RangeError} If an option is misspelt, or cannot be
 *
 * @example The body of a response, or any stream
 * ```ts
 * import { captureWriter, readCapture } from "@posixly/raw/pcap";
 * import assert from "node:assert/strict";
 *
 * const timestamp = { seconds: 1_800_000_000, nanoseconds: 0 };
 * const file = captureWriter().write({ bytes: new Uint8Array(60), timestamp });
 * const { body } = new Response(file.slice());
 * for await (const packet of readCapture(body!)) {
 *   assert.equal(packet.bytes.length, 60);
 * }
 * ```
 *
 * @example A file that may be cut
 * ```ts no-run
 * import { readCapture } from "@posixly/raw/pcap";
 * import { createReadStream } from "node:fs";
 *
 * const capture = readCapture(createReadStream("capture.pcapng"), { lax: true });
 * for await (const { timestamp, bytes } of capture) console.log(timestamp, bytes.length);
 * if (capture.problem) console.log(capture.problem.message);
 * ```
 */
export function readCapture(
  source: ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>,
  options: CaptureOptions = {},
): CaptureReader {
  return new CaptureReader(source, options);
}

/**
 * A file in memory: what {@linkcode parseCapture} returns.
 *
 * @example Everything in a file, not only packets
 * ```ts
 * import { captureWriter, type ParsedCapture, parseCapture } from "@posixly/raw/pcap";
 * import assert from "node:assert/strict";
 *
 * const capture: ParsedCapture = parseCapture(captureWriter({ format: "pcap" }).end());
 * assert.deepEqual(Array.from(capture.blocks(), ({ kind }) => kind), ["header"]);
 * assert.equal(capture.format, "pcap");
 * ```
 */
export class ParsedCapture implements Iterable<CapturePacket> {
  readonly #decoder: CaptureDecoder;
  readonly #isLax: boolean;
  #problem: CaptureFileError | undefined;

  /**
   * Begins at the beginning.
   *
   * @param bytes The file
   * @param options How to go on where it is damaged
   */
  constructor(bytes: Uint8Array, options: CaptureOptions = {}) {
    this.#decoder = new CaptureDecoder(options);
    this.#isLax = options.lax === true;
    this.#decoder.push(requireBytes(bytes, "bytes"));
  }

  /** Which format it is, once something was read. */
  get format(): "pcap" | "pcapng" | undefined {
    return this.#decoder.format;
  }

  /** What is wrong with the file, once that was met; with `lax` it is not thrown. */
  get problem(): CaptureFileError | undefined {
    return this.#problem;
  }

  /**
   * Everything that comes next, in order.
   *
   * @returns The blocks
   * @throws {CaptureFileError} Where the file is damaged, unless `lax` was asked for
   */
  *blocks(): IterableIterator<CaptureBlock> {
    try {
      for (let block; (block = this.#decoder.next()) !== undefined;) yield block;
      this.#decoder.end();
    } catch (error) {
      this.#problem = problemIn(error);
      if (!this.#isLax) throw error;
    }
  }

  /**
   * The packets that come next.
   *
   * @throws {CaptureFileError} Where the file is damaged, unless `lax` was asked for
   */
  *[Symbol.iterator](): IterableIterator<CapturePacket> {
    for (const block of this.blocks()) if (block.kind === "packet") yield block;
  }
}

/**
 * A file that comes as a stream: what {@linkcode readCapture} returns.
 *
 * @example Interfaces and packets
 * ```ts
 * import { type CaptureReader, captureWriter, readCapture } from "@posixly/raw/pcap";
 * import assert from "node:assert/strict";
 *
 * async function* file() {
 *   const writer = captureWriter();
 *   yield writer.write({ bytes: new Uint8Array(60), timestamp: { seconds: 1, nanoseconds: 2 } });
 * }
 * const reader: CaptureReader = readCapture(file());
 * const kinds: string[] = [];
 * for await (const { kind } of reader.blocks()) kinds.push(kind);
 * assert.deepEqual(kinds, ["section", "interface", "packet"]);
 * ```
 */
export class CaptureReader implements AsyncIterable<CapturePacket> {
  readonly #source: ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>;
  readonly #decoder: CaptureDecoder;
  readonly #isLax: boolean;
  #problem: CaptureFileError | undefined;

  /**
   * Begins at the beginning.
   *
   * @param source The stream, or anything that gives its chunks
   * @param options How to go on where it is damaged
   */
  constructor(
    source: ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>,
    options: CaptureOptions = {},
  ) {
    this.#source = requireSource(source);
    this.#decoder = new CaptureDecoder(options);
    this.#isLax = options.lax === true;
  }

  /** Which format it is, once something was read. */
  get format(): "pcap" | "pcapng" | undefined {
    return this.#decoder.format;
  }

  /** What is wrong with the file, once that was met; with `lax` it is not thrown. */
  get problem(): CaptureFileError | undefined {
    return this.#problem;
  }

  /**
   * Everything in the file, in order.
   *
   * @returns The blocks
   * @throws {CaptureFileError} Where the file is damaged, unless `lax` was asked for
   */
  blocks(): AsyncIterableIterator<CaptureBlock> {
    return this.#read((block): block is CaptureBlock => block !== undefined);
  }

  /**
   * The packets of the file.
   *
   * @throws {CaptureFileError} Where the file is damaged, unless `lax` was asked for
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<CapturePacket> {
    return this.#read((block): block is CapturePacket => block.kind === "packet");
  }

  /** One generator and not one upon another, since each costs a packet several turns. */
  async *#read<T extends CaptureBlock>(
    isWanted: (block: CaptureBlock) => block is T,
  ): AsyncIterableIterator<T> {
    for await (const chunk of chunksOf(this.#source)) {
      this.#decoder.push(chunk);
      for (let block; (block = this.#next()) !== undefined;) if (isWanted(block)) yield block;
      if (this.#problem !== undefined) return;
    }
    this.#end();
  }

  #next(): CaptureBlock | undefined {
    try {
      return this.#decoder.next();
    } catch (error) {
      this.#stop(error);
      return undefined;
    }
  }

  #end(): void {
    try {
      this.#decoder.end();
    } catch (error) {
      this.#stop(error);
    }
  }

  #stop(error: unknown): void {
    this.#problem = problemIn(error);
    if (!this.#isLax) throw error;
  }
}

/** What was thrown, if it is about the file. */
function problemIn(error: unknown): CaptureFileError {
  if (error instanceof CaptureFileError) return error;
  throw error;
}

type Source = ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>;

function requireSource(source: Source): Source {
  const isObject = typeof source === "object" && source !== null;
  if (isObject && (isIterable(source) || "getReader" in source)) return source;
  throw new TypeError(`source must be a ReadableStream or AsyncIterable, not ${show(source)}`);
}

function isIterable(source: Source): boolean {
  return Symbol.asyncIterator in source && typeof source[Symbol.asyncIterator] === "function";
}

/** The chunks of a stream, also where streams cannot be iterated over yet, as in some browsers. */
async function* chunksOf(
  source: Source,
): AsyncIterable<Uint8Array> {
  if (isIterable(source)) {
    yield* source as AsyncIterable<Uint8Array>;
    return;
  }
  const reader = (source as ReadableStream<Uint8Array>).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel();
  }
}

import { requireBoolean, requireBytes, requireInteger, requireKnown } from "../arguments.ts";
import type { CaptureBlock } from "./block.ts";
import { readU32 } from "./bytes.ts";
import { CaptureFileError } from "./error.ts";
import { Input } from "./input.ts";
import { PcapDecoder, pcapSource } from "./pcap_format.ts";
import { PcapngDecoder } from "./pcapng_decode.ts";
import { SECTION } from "./pcapng_format.ts";

/**
 * How a capture is read.
 *
 * @example What is there of a file that was cut
 * ```ts
 * import { type CaptureOptions, parseCapture } from "@posixly/raw/pcap";
 * import assert from "node:assert/strict";
 *
 * const options: CaptureOptions = { lax: true };
 * const capture = parseCapture(new Uint8Array(3), options);
 * assert.deepEqual([...capture], []);
 * assert.equal(capture.problem?.reason, "truncated");
 * ```
 */
export interface CaptureOptions {
  /** Ends where the file is damaged, instead of throwing; `problem` then says what it was. */
  readonly lax?: boolean;
  /**
   * How many bytes a packet of pcap or a block of pcapng may have, so that a damaged length does
   * not make all of a stream be kept in memory: 16 MiB unless said otherwise.
   */
  readonly longest?: number;
}

/**
 * Reads a capture that is pushed to it, chunk by chunk; the format is told by the first bytes.
 * `readCapture` and `parseCapture` do this for streams and for whole files.
 *
 * Bytes are not copied unless they are spread over chunks: whoever uses the memory of a chunk again
 * copies what is to be kept.
 *
 * @example Chunks from an event
 * ```ts
 * import { CaptureDecoder, captureWriter } from "@posixly/raw/pcap";
 * import assert from "node:assert/strict";
 *
 * const decoder = new CaptureDecoder();
 * const lengths: number[] = [];
 * function onData(chunk: Uint8Array) {
 *   decoder.push(chunk);
 *   for (let block; (block = decoder.next());) {
 *     if (block.kind === "packet") lengths.push(block.bytes.length);
 *   }
 * }
 *
 * const timestamp = { seconds: 1_800_000_000, nanoseconds: 0 };
 * const file = captureWriter({ format: "pcap" }).write({ bytes: new Uint8Array(60), timestamp });
 * onData(file.subarray(0, 50));
 * onData(file.subarray(50));
 * decoder.end();
 * assert.deepEqual(lengths, [60]);
 * ```
 */
export class CaptureDecoder {
  readonly #input = new Input();
  readonly #longest: number;
  #format: PcapDecoder | PcapngDecoder | undefined;
  #error: CaptureFileError | undefined;

  /**
   * Begins with nothing.
   *
   * @param options How many bytes a block may have; `lax` is for those who use a decoder
   * @throws {TypeError | RangeError} If an option is misspelt, or cannot be
   */
  constructor(options: CaptureOptions = {}) {
    requireKnown(options, ["lax", "longest"]);
    const { lax = false, longest = 2 ** 24 } = options;
    requireBoolean(lax, "lax");
    this.#longest = requireInteger(longest, "longest", 1, Number.MAX_SAFE_INTEGER);
  }

  /** Which format it is, as soon as that is known. */
  get format(): "pcap" | "pcapng" | undefined {
    if (this.#format === undefined) return undefined;
    return this.#format instanceof PcapDecoder ? "pcap" : "pcapng";
  }

  /**
   * Takes more of the file.
   *
   * @param chunk The bytes that come next; they are looked at later, and must not change
   * @throws {TypeError} If they are no `Uint8Array`
   */
  push(chunk: Uint8Array): void {
    this.#input.push(requireBytes(chunk, "chunk"));
  }

  /**
   * The next block of what was pushed.
   *
   * @returns The block, or `undefined` if more has to be pushed first
   * @throws {CaptureFileError} If there is none, and now and ever after
   */
  next(): CaptureBlock | undefined {
    if (this.#error !== undefined) throw this.#error;
    try {
      this.#format ??= this.#detect();
      return this.#format?.next();
    } catch (error) {
      if (error instanceof CaptureFileError) this.#error = error;
      throw error;
    }
  }

  /**
   * Says that nothing more comes, when `next` has returned `undefined`.
   *
   * @throws {CaptureFileError} If the capture is cut
   */
  end(): void {
    if (this.#error !== undefined) throw this.#error;
    const { offset, available, wanted } = this.#input;
    if (this.#format !== undefined && available === 0 && offset > 0) return;
    const needed = Math.max(wanted, MAGIC);
    this.#error = new CaptureFileError(`it takes ${needed} bytes, and ${available} are there`, {
      ...{ reason: "truncated", offset, needed, available },
    });
    throw this.#error;
  }

  #detect(): PcapDecoder | PcapngDecoder | undefined {
    const input = this.#input;
    if (!input.has(MAGIC)) return undefined;
    const { bytes, at } = input;
    const source = pcapSource(bytes, at);
    if (source !== undefined) return new PcapDecoder(input, source, this.#longest);
    if (readU32(bytes, at, true) === SECTION) return new PcapngDecoder(input, this.#longest);
    throw new CaptureFileError("it begins like neither pcap nor pcapng", {
      ...{ reason: "malformed", offset: 0, needed: MAGIC, available: input.available },
    });
  }
}

const MAGIC = 4;

import { OwnedFd, read } from "@posixly/fd";
import { type Bytes, requireBytes, requireInteger } from "@posixly/sys";
import { isDeserted, requireNonBlocking } from "./end.ts";
import { requireSignal, Turns, untilReadable, type WaitOptions } from "./wait.ts";

/** How much to ask for where nobody said: what a pipe holds. */
const CHUNK = 65_536;

/**
 * How a pipe is read in pieces.
 *
 * @example Usage
 * ```ts
 * import { type ChunkOptions, pipe } from "@posixly/pipe";
 * import assert from "node:assert/strict";
 *
 * using ends = pipe();
 * await ends.writer.write(new Uint8Array(3));
 * ends.writer.close();
 * const small: ChunkOptions = { size: 2 };
 * const lengths: number[] = [];
 * for await (const chunk of ends.reader.chunks(small)) lengths.push(chunk.length);
 * assert.deepEqual(lengths, [2, 1]);
 * ```
 */
export interface ChunkOptions extends WaitOptions {
  /** The most bytes of a chunk; by default 65536. */
  readonly size?: number;
}

/**
 * How a pipe is read to its end.
 *
 * @example Usage
 * ```ts
 * import { pipe, type ReadAllOptions } from "@posixly/pipe";
 * import assert from "node:assert/strict";
 *
 * using ends = pipe();
 * await ends.writer.write(new Uint8Array(9));
 * const little: ReadAllOptions = { limit: 8 };
 * await assert.rejects(ends.reader.readAll(little), { message: /more than 8 bytes/ });
 * ```
 */
export interface ReadAllOptions extends WaitOptions {
  /** The most bytes that are taken; by default any number. */
  readonly limit?: number;
}

/**
 * The end of a pipe that bytes come out of. The functions of `@posixly/fd` call the kernel and
 * return at once, such as `read(reader, buffer)`; the methods here wait for what is not
 * there yet, without holding up anything else.
 *
 * @example Usage
 * ```ts
 * import { pipe } from "@posixly/pipe";
 * import assert from "node:assert/strict";
 *
 * using ends = pipe();
 * const buffer = new Uint8Array(16);
 * const reading = ends.reader.read(buffer); // there is nothing yet
 * await ends.writer.write(new Uint8Array([1, 2, 3]));
 * assert.equal(await reading, 3);
 * ```
 */
export class PipeReader extends OwnedFd implements AsyncIterable<Uint8Array<ArrayBuffer>> {
  readonly #turns: Turns = new Turns();

  /**
   * Waits for bytes and takes as many as are there. Do not touch `into` meanwhile.
   *
   * A FIFO that nobody has opened to write yet is waited for, and is not at its end.
   *
   * @param into Where the bytes go, from its beginning
   * @param options How to give up waiting
   * @returns How many bytes were read; 0 at the end, or if `into` is empty
   * @throws {TypeError} If `into` is no buffer, or this end blocks
   * @throws {Error} If this end is closed, even meanwhile
   * @throws The signal's reason, if it aborts
   */
  async read(into: Bytes, { signal }: WaitOptions = {}): Promise<number> {
    requireBytes(into, "into");
    requireSignal(signal);
    requireNonBlocking(this);
    await this.#turns.next();
    signal?.throwIfAborted();
    for (;;) {
      const length = read(this, into);
      const waits = length === null || (length === 0 && into.byteLength > 0 && !isDeserted(this));
      if (!waits) return length;
      await untilReadable(this, signal);
    }
  }

  /**
   * Waits for all bytes up to the end.
   *
   * @param options How to give up waiting, and when it is too much
   * @returns The bytes
   * @throws {Error} If there are more than `limit`; what was read by then is gone
   * @throws {TypeError | RangeError} If `limit` is no whole number from 0
   * @throws As {@linkcode PipeReader.read}; what was read by then is gone
   */
  async readAll(options: ReadAllOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
    const { limit = Number.MAX_SAFE_INTEGER } = options;
    requireInteger(limit, "limit", 0, Number.MAX_SAFE_INTEGER);
    const chunks: Uint8Array[] = [];
    let length = 0;
    for await (const chunk of this.chunks(options)) {
      length += chunk.length;
      if (length > limit) {
        throw new Error(`Cannot read descriptor ${this.fd}: there are more than ${limit} bytes`);
      }
      chunks.push(chunk);
    }
    return concatenate(chunks, length);
  }

  /**
   * Reads chunk by chunk, each as soon as it is there. Leaving the loop early leaves this end
   * open, and what was not read in the pipe.
   *
   * @param options How large a chunk may be, how to give up waiting
   * @returns The chunks up to the end; each is yours to keep
   * @throws {TypeError | RangeError} If `size` is no whole number from 1
   * @throws As {@linkcode PipeReader.read}
   */
  async *chunks(
    { size = CHUNK, ...options }: ChunkOptions = {},
  ): AsyncGenerator<Uint8Array<ArrayBuffer>, void, void> {
    const buffer = new Uint8Array(requireInteger(size, "size", 1));
    for (;;) {
      const length = await this.read(buffer, options);
      if (length === 0) return;
      yield buffer.slice(0, length);
    }
  }

  /** Reads chunk by chunk, see {@linkcode PipeReader.chunks}. */
  [Symbol.asyncIterator](): AsyncGenerator<Uint8Array<ArrayBuffer>, void, void> {
    return this.chunks();
  }

  /**
   * This end as a Web Stream of bytes, which also fills buffers of your own (BYOB). It reads
   * when it is asked to and not ahead, so that a slow reader slows the writer down.
   *
   * The stream owns this end from now on: it is closed at the end, on an error, and when the
   * stream is cancelled.
   *
   * @returns The stream
   */
  readable(): ReadableStream<Uint8Array> {
    return new ReadableStream({
      type: "bytes",
      autoAllocateChunkSize: CHUNK,
      pull: async (controller: { byobRequest: unknown; close(): void }) => {
        const request = controller.byobRequest as ByobRequest;
        const length = await this.#readOrClose(request.view);
        if (length === 0) controller.close();
        request.respond(length);
      },
      cancel: () => this.close(),
    });
  }

  async #readOrClose(into: Bytes): Promise<number> {
    let length = 0;
    try {
      length = await this.read(into);
    } finally {
      if (length === 0) this.close();
    }
    return length;
  }
}

/** What a byte stream is to fill, there since every chunk is allocated or brought along. */
interface ByobRequest {
  readonly view: Uint8Array;
  respond(length: number): void;
}

function concatenate(chunks: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}

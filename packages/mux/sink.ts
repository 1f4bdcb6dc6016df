import type { AsFd } from "@posixly/fd";
import { type Bytes, requireBytes } from "@posixly/sys";
import { whenWritable } from "./attempt.ts";
import { signalOf, unlessAborted } from "./giving_up.ts";
import type { WaitOptions } from "./wait.ts";

/**
 * Something that takes bytes, such as the end of a pipe or a connection.
 *
 * @example Usage
 * ```ts
 * import { type ByteSink, writableTo } from "@posixly/mux";
 *
 * const nowhere: ByteSink = { write: async () => {}, close() {}, abort() {} };
 * await new Response("lost").body!.pipeTo(writableTo(nowhere));
 * ```
 */
export interface ByteSink {
  /** Writes all of a chunk; the signal aborts when the stream is. */
  write(chunk: Bytes, options: WaitOptions): Promise<void>;
  /** All was written. */
  close(): void | Promise<void>;
  /** Something failed, or nobody wants the rest. */
  abort(): void;
}

/**
 * A sink as a Web Stream. A chunk counts as written when `write` says so.
 *
 * @param sink Where it is written
 * @returns The stream
 *
 * @example Usage
 * ```ts
 * import { writableTo } from "@posixly/mux";
 * import assert from "node:assert/strict";
 *
 * let total = 0;
 * const counting = writableTo({
 *   write: async (chunk) => void (total += chunk.byteLength),
 *   close() {},
 *   abort() {},
 * });
 * await new Response("hello").body!.pipeTo(counting);
 * assert.equal(total, 5);
 * ```
 */
export function writableTo(sink: ByteSink): WritableStream<Bytes> {
  return new WritableStream<Bytes>({
    async write(chunk, controller: object) {
      const { signal } = controller as { readonly signal?: AbortSignal };
      try {
        await sink.write(chunk, { signal });
      } catch (error) {
        sink.abort();
        throw error;
      }
    },
    close: () => sink.close(),
    abort: () => sink.abort(),
  });
}

/**
 * Writes whole buffers to one descriptor, one after the other, and waits for room where there is
 * none. Those that overlap do not get mixed, and one that is aborted while it waits for its
 * turn does not let the next one overtake.
 *
 * @example Usage
 * ```ts
 * import { write } from "@posixly/fd";
 * import { WriteQueue } from "@posixly/mux";
 * import { pipe } from "@posixly/pipe";
 * import assert from "node:assert/strict";
 *
 * using ends = pipe();
 * const queue = new WriteQueue(ends.writer, (bytes) => write(ends.writer, bytes));
 * const both = Promise.all([queue.write(new Uint8Array(60_000)), queue.write(new Uint8Array(9_000))]);
 * let length = 0;
 * while (length < 69_000) length += await ends.reader.read(new Uint8Array(69_000));
 * await both;
 * assert.equal(length, 69_000);
 * ```
 */
export class WriteQueue {
  readonly #fd: AsFd;
  readonly #attempt: (bytes: Bytes) => number | null;
  /** Settles when all writes so far have ended, one way or another; nothing if they have. */
  #last: Promise<unknown> | undefined;

  /**
   * @param fd The descriptor, non-blocking
   * @param attempt Writes what there is room for and says how much; `null` is "none now"
   */
  constructor(fd: AsFd, attempt: (bytes: Bytes) => number | null) {
    this.#fd = fd;
    this.#attempt = attempt;
  }

  /** Settles when all writes so far have ended, one way or another. */
  get idle(): Promise<void> {
    return Promise.resolve(this.#last).then(() => undefined);
  }

  /**
   * Writes all bytes. Do not touch them meanwhile.
   *
   * @param bytes What to write
   * @param options How to give up
   * @returns Resolves when the kernel has all of them
   * @throws {TypeError} If `bytes` is no buffer, or an option is none
   * @throws What the call throws; an `Error` if the descriptor is closed meanwhile; the signal's
   * reason, or a `TimeoutError`: a part may have been written by then
   */
  async write(bytes: Bytes, options: WaitOptions = {}): Promise<void> {
    requireBytes(bytes, "bytes");
    const signal = signalOf(options);
    signal?.throwIfAborted();
    const before = this.#last;
    const written = before === undefined
      ? this.#write(bytes, signal)
      : unlessAborted(before, signal).then(() => this.#write(bytes, signal));
    const last = this.#last = Promise.allSettled([before, written]).then(() => {
      if (this.#last === last) this.#last = undefined;
    });
    await written;
  }

  async #write(bytes: Bytes, signal: AbortSignal | undefined): Promise<void> {
    const { buffer, byteOffset, byteLength } = bytes;
    const options = signal && { signal };
    for (let done = 0; done < byteLength;) {
      const rest = done === 0
        ? bytes
        : new Uint8Array(buffer, byteOffset + done, byteLength - done);
      done += await whenWritable(this.#fd, () => this.#attempt(rest), options);
    }
  }
}

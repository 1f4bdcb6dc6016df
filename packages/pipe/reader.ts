import { OwnedFd, read } from "@posixly/fd";
import {
  type ChunkOptions,
  chunksFrom,
  readableFrom,
  readAllFrom,
  type ReadAllOptions,
  type WaitOptions,
  whenReadable,
} from "@posixly/mux";
import type { Bytes } from "@posixly/sys";
import { isDeserted, requireNonBlocking } from "./end.ts";

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
  /**
   * Waits for bytes and takes as many as are there. Do not touch `into` meanwhile.
   *
   * A FIFO that nobody has opened to write yet is waited for, and is not at its end.
   *
   * @param into Where the bytes go, from its beginning
   * @param options How to give up waiting
   * @returns How many bytes were read; 0 at the end, or if `into` is empty
   * @throws {TypeError} If `into` is no buffer, an option is none, or this end blocks
   * @throws {Error} If this end is closed, even meanwhile
   * @throws The signal's reason, or a `TimeoutError`
   */
  read(into: Bytes, options?: WaitOptions): Promise<number> {
    return whenReadable(this, () => this.#readNow(into), options);
  }

  /** What read(2) says, but `null` if it says 0 and this is not the end. */
  #readNow(into: Bytes): number | null {
    requireNonBlocking(this);
    const length = read(this, into);
    if (length !== 0 || into.byteLength === 0 || isDeserted(this)) return length;
    return null;
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
  readAll(options?: ReadAllOptions): Promise<Uint8Array<ArrayBuffer>> {
    return readAllFrom(this, options);
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
  chunks(options?: ChunkOptions): AsyncGenerator<Uint8Array<ArrayBuffer>, void, void> {
    return chunksFrom(this, options);
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
    return readableFrom(this);
  }
}

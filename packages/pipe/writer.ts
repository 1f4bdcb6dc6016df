import { OwnedFd, write } from "@posixly/fd";
import { type Bytes, requireBytes } from "@posixly/sys";
import { requireNonBlocking } from "./end.ts";
import { requireSignal, Turns, unlessAborted, untilWritable, type WaitOptions } from "./wait.ts";

/**
 * The end of a pipe that bytes go into. The functions of `@posixly/fd` call the kernel and
 * return at once, such as `write(writer, bytes)`; the methods here wait for room, without
 * holding up anything else.
 *
 * @example Usage
 * ```ts
 * import { pipe } from "@posixly/pipe";
 * import assert from "node:assert/strict";
 *
 * using ends = pipe();
 * const writing = ends.writer.write(new Uint8Array(200_000)); // more than there is room for
 * const buffer = new Uint8Array(200_000);
 * for (let done = 0; done < 200_000;) {
 *   done += await ends.reader.read(buffer.subarray(done));
 * }
 * await writing;
 * ```
 */
export class PipeWriter extends OwnedFd {
  readonly #turns: Turns = new Turns();
  /** Settles when all writes so far have ended, one way or another. */
  #last: Promise<unknown> = Promise.resolve();

  /**
   * Writes all bytes, and waits for room where there is none. Do not touch them meanwhile.
   * Writes that overlap go one after the other, each in one piece.
   *
   * @param bytes What to write
   * @param options How to give up waiting
   * @returns Resolves when all of them are in the pipe, which does not mean that they were read
   * @throws {SyscallError} `EPIPE` if nobody is left to read
   * @throws {TypeError} If `bytes` is no buffer, or this end blocks
   * @throws {Error} If this end is closed, even meanwhile
   * @throws The signal's reason, if it aborts. Of more than {@linkcode PIPE_BUF} bytes a part may
   * be in the pipe by then; of fewer, all or none.
   */
  async write(bytes: Bytes, { signal }: WaitOptions = {}): Promise<void> {
    requireBytes(bytes, "bytes");
    requireSignal(signal);
    requireNonBlocking(this);
    const before = this.#last;
    const written = unlessAborted(before, signal).then(() => this.#write(bytes, signal));
    // One that is aborted while it waits for its turn must not let the next one overtake.
    this.#last = Promise.allSettled([before, written]).then(() => undefined);
    await written;
  }

  async #write(bytes: Bytes, signal: AbortSignal | undefined): Promise<void> {
    const { buffer, byteOffset, byteLength } = bytes;
    for (let done = 0; done < byteLength;) {
      await this.#turns.next();
      signal?.throwIfAborted();
      const rest = new Uint8Array(buffer, byteOffset + done, byteLength - done);
      const length = write(this, rest);
      if (length === null) await untilWritable(this, signal);
      else done += length;
    }
  }

  /**
   * This end as a Web Stream. A chunk counts as written when it is in the pipe, so that a slow
   * reader slows the stream down.
   *
   * The stream owns this end from now on: it is closed with the stream, when that is aborted,
   * and on an error.
   *
   * @returns The stream
   */
  writable(): WritableStream<Bytes> {
    return new WritableStream<Bytes>({
      write: async (chunk, controller: object) => {
        try {
          await this.write(chunk, controller); // whose `signal` tells of an abort meanwhile
        } catch (error) {
          this.close();
          throw error;
        }
      },
      close: () => this.close(),
      abort: () => this.close(),
    });
  }
}

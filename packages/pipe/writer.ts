import { OwnedFd, write } from "@posixly/fd";
import { type WaitOptions, writableTo, WriteQueue } from "@posixly/mux";
import { type Bytes, requireBytes } from "@posixly/sys";
import { requireNonBlocking } from "./end.ts";

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
  readonly #queue: WriteQueue = new WriteQueue(this, (bytes) => write(this, bytes));

  /**
   * Writes all bytes, and waits for room where there is none. Do not touch them meanwhile.
   * Writes that overlap go one after the other, each in one piece.
   *
   * @param bytes What to write
   * @param options How to give up waiting
   * @returns Resolves when all of them are in the pipe, which does not mean that they were read
   * @throws {SyscallError} `EPIPE` if nobody is left to read
   * @throws {TypeError} If `bytes` is no buffer, an option is none, or this end blocks
   * @throws {Error} If this end is closed, even meanwhile
   * @throws The signal's reason, or a `TimeoutError`. Of more than {@linkcode PIPE_BUF} bytes a
   * part may be in the pipe by then; of fewer, all or none.
   */
  async write(bytes: Bytes, options?: WaitOptions): Promise<void> {
    requireBytes(bytes, "bytes");
    requireNonBlocking(this);
    await this.#queue.write(bytes, options);
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
    return writableTo({
      write: (chunk, options) => this.write(chunk, options),
      close: () => this.close(),
      abort: () => this.close(),
    });
  }
}

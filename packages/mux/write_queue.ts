import { type AsFd, fdOf } from "@posixly/fd";
import { type Bytes, requireBytes } from "@posixly/sys";
import { whenWritable } from "./attempt.ts";
import { leftOf } from "./giving_up.ts";
import { TaskQueue } from "./task_queue.ts";
import { mayGoOn } from "./turn.ts";
import type { WaitOptions } from "./wait.ts";

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
export class WriteQueue extends TaskQueue {
  readonly #fd: AsFd;
  readonly #attempt: (bytes: Bytes) => number | null;

  /**
   * @param fd The descriptor, non-blocking
   * @param attempt Writes what there is room for and says how much; `null` is "none now"
   */
  constructor(fd: AsFd, attempt: (bytes: Bytes) => number | null) {
    super();
    this.#fd = fd;
    this.#attempt = attempt;
  }

  /**
   * Writes all bytes. Do not touch them meanwhile.
   *
   * @param bytes What to write
   * @param options How to give up
   * @returns Resolves when the kernel has all of them
   * @throws {TypeError} If `bytes` is no buffer, or an option is none
   * @throws What the call throws; an `Error` if the descriptor is closed, even meanwhile; the
   * signal's reason, or a `TimeoutError`: a part may have been written by then
   */
  async write(bytes: Bytes, options?: WaitOptions): Promise<void> {
    const length = requireBytes(bytes, "bytes").byteLength;
    const wait = options === undefined ? undefined : leftOf(options);
    wait?.signal?.throwIfAborted();
    const isFirst = length > 0 && this.isIdle && mayGoOn();
    const done = isFirst ? this.#attempt(bytes) ?? 0 : 0;
    if (isFirst && done === length) return;
    await this.run((left) => this.#write(bytes, length, done, left), wait);
  }

  async #write(
    bytes: Bytes,
    length: number,
    from: number,
    wait: WaitOptions | undefined,
  ): Promise<void> {
    fdOf(this.#fd); // nothing is not written either to what is closed
    const { buffer, byteOffset } = requireBytes(bytes, "bytes");
    for (let done = from; done < length;) {
      const rest = done === 0 ? bytes : new Uint8Array(buffer, byteOffset + done, length - done);
      done += await whenWritable(this.#fd, () => this.#attempt(rest), wait);
    }
  }
}

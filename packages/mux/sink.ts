import type { Bytes } from "@posixly/sys";
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

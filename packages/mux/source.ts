import { requireInteger, requireKnown } from "@posixly/sys";
import type { WaitOptions } from "./wait.ts";

/** How much to ask for where nobody said: what a pipe holds. */
const CHUNK = 65_536;

/**
 * Something that bytes come out of, such as the end of a pipe or a connection. The functions
 * below make of it what people want to read from.
 *
 * @example Usage
 * ```ts
 * import { type ByteSource, readableFrom } from "@posixly/mux";
 * import assert from "node:assert/strict";
 *
 * const nothing: ByteSource = { read: async () => 0, close() {} };
 * assert.equal(await new Response(readableFrom(nothing)).text(), "");
 * ```
 */
export interface ByteSource {
  /** Waits for bytes, fills from the beginning and says how many; 0 is the end. */
  read(into: Uint8Array<ArrayBuffer>, options?: WaitOptions): Promise<number>;
  /** Nothing will be read any more. */
  close(): void;
}

/**
 * How bytes are read in pieces.
 *
 * @example Usage
 * ```ts
 * import { type ChunkOptions, chunksFrom } from "@posixly/mux";
 *
 * const small: ChunkOptions = { size: 2 };
 * for await (const _ of chunksFrom({ read: async () => 0, close() {} }, small));
 * ```
 */
export interface ChunkOptions extends WaitOptions {
  /** The most bytes of a chunk; by default 65536. */
  readonly size?: number;
}

/**
 * How bytes are read to their end.
 *
 * @example Usage
 * ```ts
 * import { readAllFrom, type ReadAllOptions } from "@posixly/mux";
 * import assert from "node:assert/strict";
 *
 * const little: ReadAllOptions = { limit: 8 };
 * const endless = { read: async () => 1, close() {} };
 * await assert.rejects(readAllFrom(endless, little), { message: /more than 8 bytes/ });
 * ```
 */
export interface ReadAllOptions extends WaitOptions {
  /** The most bytes that are taken; by default, and with `Infinity`, any number. */
  readonly limit?: number;
}

/**
 * Reads chunk by chunk, each as soon as it is there. Leaving the loop early leaves the source open.
 *
 * @param source What is read
 * @param options How large a chunk may be, how to give up each wait
 * @returns The chunks up to the end; each is yours to keep
 * @throws {TypeError | RangeError} If `size` is no whole number from 1, or an option is none
 * @throws What `source.read` throws
 *
 * @example Usage
 * ```ts
 * import { chunksFrom } from "@posixly/mux";
 * import assert from "node:assert/strict";
 *
 * let left = 3;
 * const source = { read: async () => left-- > 0 ? 2 : 0, close() {} };
 * const lengths: number[] = [];
 * for await (const chunk of chunksFrom(source)) lengths.push(chunk.length);
 * assert.deepEqual(lengths, [2, 2, 2]);
 * ```
 */
export async function* chunksFrom(
  source: ByteSource,
  options: ChunkOptions = {},
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, void> {
  requireKnown(options, ["size", "signal", "timeout"]);
  const { size = CHUNK, ...wait } = options;
  const buffer = new Uint8Array(requireInteger(size, "size", 1));
  for (;;) {
    const length = await source.read(buffer, wait);
    if (length === 0) return;
    yield buffer.slice(0, length);
  }
}

/**
 * Waits for all bytes up to the end.
 *
 * @param source What is read
 * @param options How to give up each wait, and when it is too much
 * @returns The bytes
 * @throws {Error} If there are more than `limit`; what was read by then is gone
 * @throws {TypeError | RangeError} If `limit` is no whole number from 0, or an option is none
 * @throws What `source.read` throws; what was read by then is gone
 *
 * @example Usage
 * ```ts
 * import { readAllFrom } from "@posixly/mux";
 * import assert from "node:assert/strict";
 *
 * let left = 3;
 * const source = { read: async () => left-- > 0 ? 2 : 0, close() {} };
 * assert.equal((await readAllFrom(source)).length, 6);
 * ```
 */
export async function readAllFrom(
  source: ByteSource,
  options: ReadAllOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  requireKnown(options, ["limit", "signal", "timeout"]);
  const { limit = Infinity, ...wait } = options;
  if (limit !== Infinity) requireInteger(limit, "limit", 0, Number.MAX_SAFE_INTEGER);
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunksFrom(source, wait)) {
    length += chunk.length;
    if (length > limit) throw new Error(`Cannot read all: there are more than ${limit} bytes`);
    chunks.push(chunk);
  }
  return concatenate(chunks, length);
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

/**
 * A source as a Web Stream of bytes, which also fills buffers of your own (BYOB). It reads when it
 * is asked to and not ahead, so that a slow reader slows the writer down.
 *
 * @param source What is read; it is closed at the end, on an error, and on cancelling
 * @returns The stream
 *
 * @example Usage
 * ```ts
 * import { readableFrom } from "@posixly/mux";
 * import assert from "node:assert/strict";
 *
 * let left = 3;
 * const stream = readableFrom({
 *   async read(into) {
 *     into[0] = 97;
 *     return left-- > 0 ? 1 : 0;
 *   },
 *   close() {},
 * });
 * assert.equal(await new Response(stream).text(), "aaa");
 * ```
 */
export function readableFrom(source: ByteSource): ReadableStream<Uint8Array> {
  return new ReadableStream({
    type: "bytes",
    autoAllocateChunkSize: CHUNK,
    async pull(controller: { byobRequest: unknown; close(): void }) {
      const request = controller.byobRequest as ByobRequest;
      let length = 0;
      try {
        length = await source.read(request.view);
      } finally {
        if (length === 0) source.close();
      }
      if (length === 0) controller.close();
      request.respond(length);
    },
    cancel: () => source.close(),
  });
}

/** What a byte stream is to fill, there since every chunk is allocated or brought along. */
interface ByobRequest {
  readonly view: Uint8Array<ArrayBuffer>;
  respond(length: number): void;
}

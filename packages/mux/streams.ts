import { type AsFd, getFlags, OwnedFd, read, write } from "@posixly/fd";
import { type Bytes, requireInteger, requireKnown } from "@posixly/sys";
import { whenReadable, whenWritable } from "./attempt.ts";
import { readable, type WaitOptions, writable } from "./wait.ts";

/** How much to ask for where nobody said. */
const CHUNK = 65_536;

/** Of this many bytes a pipe has room for all once it has room: `PIPE_BUF`. */
const ATOMIC = 4096;

/**
 * How a descriptor is read as a stream.
 *
 * @example Usage
 * ```ts
 * import { open } from "@posixly/fd";
 * import { readableStream, type ReadableStreamOptions } from "@posixly/mux";
 *
 * const small: ReadableStreamOptions = { chunkSize: 16 };
 * const stream = readableStream(open("/dev/zero"), small);
 * await stream.cancel();
 * ```
 */
export interface ReadableStreamOptions {
  /** The most bytes of a chunk; by default 65536. */
  readonly chunkSize?: number;
}

/**
 * A descriptor as a Web Stream of bytes, which also fills buffers of your own (BYOB). It reads
 * when it is asked to and not ahead, so that a slow reader slows the writer down. One that
 * blocks, such as an inherited standard input, is read only when it has something.
 *
 * If it is an `OwnedFd`, the stream owns it from now on: it is closed at the end, on an error, and
 * when the stream is cancelled. A number stays open.
 *
 * @param fd The descriptor, of any kind that can be polled
 * @param options How large a chunk may be
 * @returns The stream
 * @throws {SyscallError} `EBADF` if it is not open
 * @throws {TypeError | RangeError} If an option is none
 *
 * @example Usage
 * ```ts
 * import { pipe } from "@posixly/pipe";
 * import { readableStream, writableStream } from "@posixly/mux";
 * import assert from "node:assert/strict";
 *
 * const ends = pipe();
 * const text = new Response(readableStream(ends.reader)).text();
 * const writer = writableStream(ends.writer).getWriter();
 * await writer.write(new TextEncoder().encode("hello"));
 * await writer.close();
 * assert.equal(await text, "hello");
 * ```
 */
export function readableStream(
  fd: AsFd,
  options: ReadableStreamOptions = {},
): ReadableStream<Uint8Array> {
  requireKnown(options, ["chunkSize"]);
  const { nonBlocking } = getFlags(fd);
  return readableFrom({
    read: nonBlocking ? (into) => whenReadable(fd, () => read(fd, into)) : async (into) => {
      await readable(fd);
      return read(fd, into)!;
    },
    close: () => closeOwned(fd),
  }, options);
}

/**
 * A descriptor as a Web Stream that takes bytes. A chunk counts as written when the kernel has it,
 * so that a slow reader slows the stream down. To one that blocks, such as an inherited
 * standard output, it writes only as much as there is room for.
 *
 * If it is an `OwnedFd`, the stream owns it from now on: it is closed with the stream, when that is
 * aborted, and on an error. A number stays open.
 *
 * @param fd The descriptor, of any kind that can be polled
 * @returns The stream
 * @throws {SyscallError} `EBADF` if it is not open
 *
 * @example Usage
 * ```ts
 * import { pipe } from "@posixly/pipe";
 * import { writableStream } from "@posixly/mux";
 * import assert from "node:assert/strict";
 *
 * const ends = pipe();
 * await new Response("hello").body!.pipeTo(writableStream(ends.writer));
 * assert.equal((await ends.reader.readAll()).length, 5);
 * ends.reader.close();
 * ```
 */
export function writableStream(fd: AsFd): WritableStream<Bytes> {
  const { nonBlocking } = getFlags(fd);
  return writableTo({
    write: (chunk, options) => writeWhole(fd, chunk, nonBlocking, options),
    close: () => closeOwned(fd),
  });
}

async function writeWhole(
  fd: AsFd,
  bytes: Bytes,
  nonBlocking: boolean,
  options: WaitOptions,
): Promise<void> {
  const { buffer, byteOffset, byteLength } = bytes;
  for (let done = 0; done < byteLength;) {
    const left = byteLength - done;
    const rest = new Uint8Array(
      buffer,
      byteOffset + done,
      nonBlocking ? left : Math.min(left, ATOMIC),
    );
    if (!nonBlocking) await writable(fd, options);
    done += await whenWritable(fd, () => write(fd, rest), options);
  }
}

function closeOwned(fd: AsFd): void {
  if (fd instanceof OwnedFd) fd.close();
}

/**
 * What a stream of bytes is made of.
 *
 * @example Usage
 * ```ts
 * import { readableFrom, type ByteSource } from "@posixly/mux";
 * import assert from "node:assert/strict";
 *
 * const nothing: ByteSource = { read: async () => 0, close() {} };
 * assert.equal(await new Response(readableFrom(nothing)).text(), "");
 * ```
 */
export interface ByteSource {
  /** Waits for bytes, fills from the beginning and says how many; 0 is the end. */
  read(into: Uint8Array): Promise<number>;
  /** Nothing will be read any more. */
  close(): void;
}

/**
 * A Web Stream of bytes of whatever can be read: what {@linkcode readableStream} is of a
 * descriptor.
 *
 * @param source What is read; it is closed at the end, on an error, and on cancelling
 * @param options How large a chunk may be
 * @returns The stream, which reads only when it is asked to
 * @throws {TypeError | RangeError} If `chunkSize` is no whole number from 1
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
export function readableFrom(
  source: ByteSource,
  { chunkSize = CHUNK }: ReadableStreamOptions = {},
): ReadableStream<Uint8Array> {
  return new ReadableStream({
    type: "bytes",
    autoAllocateChunkSize: requireInteger(chunkSize, "chunkSize", 1),
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
  readonly view: Uint8Array;
  respond(length: number): void;
}

/**
 * What a stream that takes bytes is made of.
 *
 * @example Usage
 * ```ts
 * import { type ByteSink, writableTo } from "@posixly/mux";
 *
 * const nowhere: ByteSink = { write: async () => {}, close() {} };
 * await new Response("lost").body!.pipeTo(writableTo(nowhere));
 * ```
 */
export interface ByteSink {
  /** Writes all of a chunk; the signal aborts when the stream is. */
  write(chunk: Bytes, options: { readonly signal?: AbortSignal }): Promise<void>;
  /** Nothing will be written any more. */
  close(): void;
}

/**
 * A Web Stream into whatever can be written: what {@linkcode writableStream} is of a descriptor.
 *
 * @param sink Where it is written; it is closed with the stream, on an error, and on aborting
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
 * });
 * await new Response("hello").body!.pipeTo(counting);
 * assert.equal(total, 5);
 * ```
 */
export function writableTo(sink: ByteSink): WritableStream<Bytes> {
  return new WritableStream<Bytes>({
    async write(chunk, controller: object) {
      try {
        const { signal } = controller as { readonly signal?: AbortSignal };
        await sink.write(chunk, { signal });
      } catch (error) {
        sink.close();
        throw error;
      }
    },
    close: () => sink.close(),
    abort: () => sink.close(),
  });
}

import { type AsFd, getFlags, OwnedFd, read, write } from "@posixly/fd";
import type { Bytes } from "@posixly/sys";
import { whenReadable } from "./attempt.ts";
import { writableTo } from "./sink.ts";
import { readableFrom } from "./source.ts";
import { readable, type WaitOptions, writable } from "./wait.ts";
import { WriteQueue } from "./write_queue.ts";

/** Of this many bytes a pipe has room for all once it has room: `PIPE_BUF`. */
const ATOMIC = 4096;

/**
 * A descriptor as a Web Stream of bytes, which also fills buffers of your own (BYOB). It reads
 * when it is asked to and not ahead, so that a slow reader slows the writer down. One that
 * blocks, such as an inherited standard input, is read only when it has something.
 *
 * If it is an `OwnedFd`, the stream owns it from now on: it is closed at the end, on an error, and
 * when the stream is cancelled. A number stays open.
 *
 * @param fd The descriptor, of any kind that can be polled
 * @returns The stream
 * @throws {SyscallError} `EBADF` if it is not open
 *
 * @example Usage
 * ```ts
 * import { readableStream, writableStream } from "@posixly/mux";
 * import { pipe } from "@posixly/pipe";
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
export function readableStream(fd: AsFd): ReadableStream<Uint8Array> {
  const waitAndRead = async (into: Bytes) => {
    await readable(fd);
    return read(fd, into)!;
  };
  return readableFrom({
    read: getFlags(fd).nonBlocking ? (into) => whenReadable(fd, () => read(fd, into)) : waitAndRead,
    close: () => closeOwned(fd),
  });
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
 * import { writableStream } from "@posixly/mux";
 * import { pipe } from "@posixly/pipe";
 * import assert from "node:assert/strict";
 *
 * const ends = pipe();
 * await new Response("hello").body!.pipeTo(writableStream(ends.writer));
 * assert.equal((await ends.reader.readAll()).length, 5);
 * ends.reader.close();
 * ```
 */
export function writableStream(fd: AsFd): WritableStream<Bytes> {
  const queue = new WriteQueue(fd, (bytes) => write(fd, bytes));
  return writableTo({
    write: getFlags(fd).nonBlocking
      ? (chunk, options) => queue.write(chunk, options)
      : (chunk, options) => writeInPieces(fd, chunk, options),
    close: () => closeOwned(fd),
    abort: () => closeOwned(fd),
  });
}

/** Writes to what blocks, and never more than there is room for. */
async function writeInPieces(fd: AsFd, bytes: Bytes, options: WaitOptions): Promise<void> {
  const { buffer, byteOffset, byteLength } = bytes;
  for (let done = 0; done < byteLength;) {
    await writable(fd, options);
    const length = Math.min(byteLength - done, ATOMIC);
    done += write(fd, new Uint8Array(buffer, byteOffset + done, length))!;
  }
}

function closeOwned(fd: AsFd): void {
  if (fd instanceof OwnedFd) fd.close();
}

import { type AsFd, getFlags, OwnedFd, read, write } from "@posixly/fd";
import type { Bytes } from "@posixly/sys";
import { whenReadable } from "./attempt.ts";
import { poll } from "./poll.ts";
import { writableTo } from "./sink.ts";
import { readableFrom } from "./source.ts";
import { WriteQueue } from "./write_queue.ts";

/** Of this many bytes a pipe has room for all once it has room: `PIPE_BUF`. */
const ATOMIC = 4096;

/**
 * A descriptor as a Web Stream of bytes, which also fills buffers of your own (BYOB). It reads
 * when it is asked to and not ahead, so that a slow reader slows the writer down. One that
 * blocks, such as an inherited standard input, is read only when it has something; a file always
 * has.
 *
 * If it is an `OwnedFd`, the stream owns it from now on: it is closed at the end, on an error, and
 * when the stream is cancelled. A number stays open.
 *
 * @param fd The descriptor
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
  const attempt = reading(fd);
  // A wait for a number, which stays open, would outlive the stream and take what others want.
  const ending = new AbortController();
  return readableFrom({
    read: (into) => whenReadable(fd, () => attempt(into), { signal: ending.signal }),
    close() {
      ending.abort();
      closeOwned(fd);
    },
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
 * @param fd The descriptor
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
  const queue = new WriteQueue(fd, writing(fd));
  return writableTo({
    write: (chunk, options) => queue.write(chunk, options),
    close: () => closeOwned(fd),
    abort: () => closeOwned(fd),
  });
}

/** Reads what there is, and does not wait for more even if the descriptor blocks. */
function reading(fd: AsFd): (into: Bytes) => number | null {
  if (getFlags(fd).nonBlocking) return (into) => read(fd, into);
  return (into) => poll([{ fd, readable: true }]).length > 0 ? read(fd, into) : null;
}

/** Writes what there is room for, and does not wait for more even if the descriptor blocks. */
function writing(fd: AsFd): (bytes: Bytes) => number | null {
  if (getFlags(fd).nonBlocking) return (bytes) => write(fd, bytes);
  return (bytes) => poll([{ fd, writable: true }]).length > 0 ? write(fd, beginning(bytes)) : null;
}

/** No more bytes than there is room for if there is any. */
function beginning({ buffer, byteOffset, byteLength }: Bytes): Bytes {
  return new Uint8Array(buffer, byteOffset, Math.min(byteLength, ATOMIC));
}

function closeOwned(fd: AsFd): void {
  if (fd instanceof OwnedFd) fd.close();
}

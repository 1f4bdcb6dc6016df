import type { Bytes } from "@posixly/sys";
import type { AsFd } from "./as_fd.ts";
import { tail } from "./fill.ts";
import { writev } from "./vectored.ts";
import { write } from "./write.ts";

/**
 * Writes all of a buffer, with as many calls as that takes.
 *
 * @param fd Where to write to
 * @param bytes What to write
 * @returns How many bytes were written: all of them, unless the descriptor is non-blocking and
 * takes no more now
 * @throws {SyscallError} As {@linkcode write}; a part may have been written by then
 * @throws {TypeError} If `bytes` is no buffer, or a detached or resizable one
 *
 * @example Usage
 * ```ts
 * import { memfd, stat, writeAll } from "@posixly/fd";
 * import assert from "node:assert/strict";
 *
 * using file = memfd("example");
 * assert.equal(writeAll(file, new TextEncoder().encode("to the last byte")), 16);
 * assert.equal(stat(file).size, 16);
 * ```
 */
export function writeAll(fd: AsFd, bytes: Bytes): number {
  let written = 0;
  do {
    const n = write(fd, tail(bytes, written));
    if (n === null || n === 0) break;
    written += n;
  } while (written < bytes.byteLength);
  return written;
}

/**
 * Writes all of several buffers, one after the other, with as few calls as that takes.
 *
 * @param fd Where to write to
 * @param buffers What to write
 * @returns How many bytes were written: all of them, unless the descriptor is non-blocking and
 * takes no more now
 * @throws {SyscallError} As {@linkcode writev}; a part may have been written by then
 * @throws {TypeError} If one of `buffers` is no buffer, or a detached or resizable one
 *
 * @example Usage
 * ```ts
 * import { memfd, stat, writevAll } from "@posixly/fd";
 * import assert from "node:assert/strict";
 *
 * using file = memfd("example");
 * const lines = ["one\n", "two\n"].map((line) => new TextEncoder().encode(line));
 * assert.equal(writevAll(file, lines), 8);
 * assert.equal(stat(file).size, 8);
 * ```
 */
export function writevAll(fd: AsFd, buffers: readonly Bytes[]): number {
  let written = 0;
  let rest = buffers;
  do {
    const n = writev(fd, rest);
    if (n === null || n === 0) break;
    written += n;
    rest = without(rest, n);
  } while (rest.length > 0);
  return written;
}

/** What is left of buffers when so many bytes of them are done. */
function without(buffers: readonly Bytes[], done: number): Bytes[] {
  let first = 0;
  while (first < buffers.length && buffers[first].byteLength <= done) {
    done -= buffers[first++].byteLength;
  }
  const rest = buffers.slice(first);
  if (rest.length > 0) rest[0] = tail(rest[0], done);
  return rest;
}

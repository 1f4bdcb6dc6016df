import { type Bytes, errno, SyscallError } from "@posixly/sys";
import { type AsFd, fdOf } from "./as_fd.ts";
import { fill } from "./fill.ts";

/**
 * Fills a buffer, with as many calls as that takes: for records of fixed length.
 *
 * @param fd Where to read from
 * @param into Where the bytes go; all of it is filled
 * @returns The length of `into`; 0 at the end of file; `null` if it would block before
 * the first byte
 * @throws {SyscallError} As {@linkcode read}; `EAGAIN` if it would block in the middle
 * @throws {Error} If the file ends in the middle
 * @throws {TypeError} If `into` is no buffer, or a detached or resizable one
 *
 * @example Usage
 * ```ts
 * import { memfd, readExactly, seek, write } from "@posixly/fd";
 * import assert from "node:assert/strict";
 *
 * using file = memfd("records");
 * write(file, new Uint8Array([1, 2, 3, 4, 5]));
 * seek(file, 0);
 * const record = new Uint8Array(4);
 * assert.equal(readExactly(file, record), 4);
 * assert.throws(() => readExactly(file, record), { message: /ends after 1 of 4 bytes/ });
 * assert.equal(readExactly(file, record), 0); // the end
 * ```
 */
export function readExactly(fd: AsFd, into: Bytes): number | null {
  const { filled, blocked } = fill(fd, into);
  if (filled === into.byteLength) return filled;
  if (filled === 0) return blocked ? null : 0;
  if (blocked) throw new SyscallError(errno.EAGAIN, "read", { fd: fdOf(fd) });
  throw new Error(
    `Cannot fill the buffer: descriptor ${
      fdOf(fd)
    } ends after ${filled} of ${into.byteLength} bytes`,
  );
}

import { type AsFd, fdOf } from "@posixly/fd";
import { errno, ok, requireKnown } from "@posixly/sys";
import { countOf } from "./count.ts";
import { libc } from "./libc.ts";
import { Offset } from "./offset.ts";

/**
 * Where a file is read, see {@linkcode sendfile}.
 *
 * @example Usage
 * ```ts
 * import { memfd, pwrite } from "@posixly/fd";
 * import { pipe } from "@posixly/pipe";
 * import { sendfile, type SendfileOptions } from "@posixly/zerocopy";
 * import assert from "node:assert/strict";
 *
 * const far: SendfileOptions = { offset: 2n ** 60n };
 * using file = memfd("far");
 * pwrite(file, new Uint8Array(3), 2n ** 60n);
 * using ends = pipe();
 * assert.equal(sendfile(ends.writer, file, 100, far), 3);
 * ```
 */
export interface SendfileOptions {
  /**
   * Where in the file to start, in bytes, and then its position is neither used nor moved; by
   * default at its position, which moves along.
   */
  readonly offset?: number | bigint;
}

const offset = new Offset();

/**
 * Sends bytes of a file to a descriptor, sendfile(2), without their passing through this program.
 *
 * One call moves no more than 2 GiB less a page, whatever the length, and less if there is not more
 * room: the result is what counts. The bytes are those of the file at the time when they leave the
 * machine, which may be after the call: whoever changes them meanwhile changes what arrives.
 *
 * Whether it waits is up to `to`, not to the file: a page of it that is not in memory is read from
 * the disk, and the whole thread waits for that. {@linkcode sendFile} minds both.
 *
 * @param to Where the bytes go: a socket, a pipe, another file
 * @param from The file: a regular one or a block device
 * @param length How many bytes at most
 * @param options Where to start
 * @returns How many bytes were sent, which may be fewer; 0 at the end of the file or beyond, or if
 * `length` is 0; `null` if it would block
 * @throws {SyscallError} `EINVAL` if `from` is no such file (a socket, a pipe, much of `/proc`), or
 * `to` is open for appending; `EBADF` if one is not open for that; `EPIPE` or `ECONNRESET` if nobody
 * is left to read; `EIO` if the disk fails
 * @throws {TypeError | RangeError} If `length` or an option is not as described
 *
 * @example Usage
 * ```ts
 * import { memfd, read, write } from "@posixly/fd";
 * import { socketPair } from "@posixly/socket";
 * import { sendfile } from "@posixly/zerocopy";
 * import assert from "node:assert/strict";
 *
 * using file = memfd("page");
 * write(file, new TextEncoder().encode("Hello, world"));
 * using pair = socketPair();
 * assert.equal(sendfile(pair.first, file, 5, { offset: 7 }), 5);
 *
 * const buffer = new Uint8Array(16);
 * const n = read(pair.second, buffer)!;
 * assert.equal(new TextDecoder().decode(buffer.subarray(0, n)), "world");
 * ```
 */
export function sendfile(
  to: AsFd,
  from: AsFd,
  length: number | bigint,
  options: SendfileOptions = {},
): number | null {
  requireKnown(options, ["offset"]);
  const [out, file] = [fdOf(to, "to"), fdOf(from, "from")];
  const count = countOf(length);
  const at = offset.at(options.offset, "offset");
  let n: number;
  do n = libc.sendfile(out, file, at, count); while (n === -errno.EINTR);
  return n === -errno.EAGAIN ? null : ok(n, "sendfile", { fd: out });
}

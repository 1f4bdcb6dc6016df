import { type AsFd, fdOf } from "@posixly/fd";
import { errno, ok, requireBoolean, requireKnown } from "@posixly/sys";
import { countOf } from "./count.ts";
import { libc, SPLICE_F_NONBLOCK } from "./libc.ts";

/**
 * Whether a pipe is waited for, see {@linkcode tee}.
 *
 * @example Usage
 * ```ts
 * import { pipe } from "@posixly/pipe";
 * import { tee, type TeeOptions } from "@posixly/zerocopy";
 * import assert from "node:assert/strict";
 *
 * const patient: TeeOptions = { nonBlocking: false };
 * using source = pipe();
 * using copy = pipe();
 * source.writer.close();
 * assert.equal(tee(source.reader, copy.writer, 100, patient), 0); // the end
 * ```
 */
export interface TeeOptions {
  /**
   * Whether a pipe that is full or empty gives `null` rather than stop the whole thread:
   * `SPLICE_F_NONBLOCK`, by default `true`. Ends that do not block themselves never do.
   */
  readonly nonBlocking?: boolean;
}

/**
 * Copies bytes from one pipe into another, tee(2), and leaves them in the first: both then hold the
 * same pages. Calling it again before they are read copies the same bytes once more.
 *
 * @param from The pipe that has them, by the end that is read
 * @param to The pipe that gets them too, by the end that is written
 * @param length How many at most
 * @param options Whether to wait
 * @returns How many bytes were copied, which may be fewer; 0 at the end of `from`, or if `length` is
 * 0; `null` if `from` is empty or `to` is full
 * @throws {SyscallError} `EINVAL` unless both are pipes, and not the same one; `EBADF` if one is not
 * open for that; `EPIPE` if nobody is left to read `to`
 * @throws {TypeError | RangeError} If `length` or an option is not as described
 *
 * @example Usage
 * ```ts
 * import { read, write } from "@posixly/fd";
 * import { pipe } from "@posixly/pipe";
 * import { tee } from "@posixly/zerocopy";
 * import assert from "node:assert/strict";
 *
 * using source = pipe();
 * using copy = pipe();
 * write(source.writer, new Uint8Array([1, 2, 3]));
 * assert.equal(tee(source.reader, copy.writer, 16), 3);
 *
 * const buffer = new Uint8Array(16);
 * assert.equal(read(copy.reader, buffer), 3);
 * assert.equal(read(source.reader, buffer), 3); // still there
 * ```
 */
export function tee(
  from: AsFd,
  to: AsFd,
  length: number | bigint,
  options: TeeOptions = {},
): number | null {
  requireKnown(options, ["nonBlocking"]);
  const { nonBlocking = true } = options;
  requireBoolean(nonBlocking, "nonBlocking");
  const [source, copy] = [fdOf(from, "from"), fdOf(to, "to")];
  const count = countOf(length);
  const flags = nonBlocking ? SPLICE_F_NONBLOCK : 0;
  let n: number;
  do n = libc.tee(source, copy, count, flags); while (n === -errno.EINTR);
  return n === -errno.EAGAIN ? null : ok(n, "tee", { fd: source });
}

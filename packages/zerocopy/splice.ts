import { type AsFd, fdOf } from "@posixly/fd";
import { bitsOf, errno, ok, requireBoolean } from "@posixly/sys";
import { countOf } from "./count.ts";
import { libc, SPLICE_F_MORE, SPLICE_F_MOVE, SPLICE_F_NONBLOCK } from "./libc.ts";
import { Offset } from "./offset.ts";

/**
 * How bytes go through a pipe, see {@linkcode splice}.
 *
 * @example Usage
 * ```ts
 * import { memfd, write } from "@posixly/fd";
 * import { pipe } from "@posixly/pipe";
 * import { splice, type SpliceOptions } from "@posixly/zerocopy";
 * import assert from "node:assert/strict";
 *
 * const tail: SpliceOptions = { fromOffset: 2 };
 * using file = memfd("example");
 * write(file, new Uint8Array([1, 2, 3]));
 * using ends = pipe();
 * assert.equal(splice(file, ends.writer, 100, tail), 1);
 * ```
 */
export interface SpliceOptions {
  /** Where in the file `from` to start, in bytes; by default at its position, which moves along. */
  readonly fromOffset?: number | bigint;
  /** Where in the file `to` to start, in bytes; by default at its position, which moves along. */
  readonly toOffset?: number | bigint;
  /**
   * Whether more is to come soon, so that a socket may wait for it before it sends a packet that
   * is not full: `SPLICE_F_MORE`. With the last bytes it would hold them back.
   */
  readonly more?: boolean;
  /** Whether to move pages rather than copy them, which kernels take for a hint: `SPLICE_F_MOVE`. */
  readonly move?: boolean;
  /**
   * Whether a pipe that is full or empty gives `null` rather than wait: `SPLICE_F_NONBLOCK`, by
   * default `true`. Whether the other descriptor waits is up to that.
   */
  readonly nonBlocking?: boolean;
}

const flags = { more: SPLICE_F_MORE, move: SPLICE_F_MOVE };

/** The options that are no flags. */
const others = ["fromOffset", "toOffset", "nonBlocking"];

const fromOffset = new Offset();
const toOffset = new Offset();

/**
 * Moves bytes from one descriptor to another, splice(2), one of which is a pipe. They never pass
 * through this program, and mostly are not copied at all: the pipe gets hold of the same pages.
 *
 * So what is in the pipe may still change: whoever writes to a file that bytes were spliced from
 * changes what is read from the pipe.
 *
 * @param from Where the bytes come from
 * @param to Where they go
 * @param length How many at most; one call moves no more than 2 GiB less a page, and no more than
 * the pipe has or has room for
 * @param options Where in a file, and how
 * @returns How many bytes were moved; 0 at the end of `from`, or if `length` is 0; `null` if it would
 * block, which of the two it does not say
 * @throws {SyscallError} `EINVAL` if neither is a pipe, both are the same one, `to` is open for
 * appending, or an offset is given for a socket; `ESPIPE` if one is given for a pipe; `EBADF` if one
 * is not open for that; `EPIPE` or `ECONNRESET` if nobody is left to read
 * @throws {TypeError | RangeError} If `length` or an option is not as described
 *
 * @example From a file into a socket
 * ```ts
 * import { memfd, read, write } from "@posixly/fd";
 * import { pipe } from "@posixly/pipe";
 * import { socketPair } from "@posixly/socket";
 * import { splice } from "@posixly/zerocopy";
 * import assert from "node:assert/strict";
 *
 * using file = memfd("example");
 * write(file, new Uint8Array([1, 2, 3]));
 * using ends = pipe();
 * using pair = socketPair();
 * assert.equal(splice(file, ends.writer, 100, { fromOffset: 1 }), 2);
 * assert.equal(splice(ends.reader, pair.first, 100), 2);
 * assert.equal(splice(ends.reader, pair.first, 100), null); // the pipe is empty
 *
 * const buffer = new Uint8Array(8);
 * assert.equal(read(pair.second, buffer), 2);
 * assert.deepEqual(buffer.subarray(0, 2), new Uint8Array([2, 3]));
 * ```
 */
export function splice(
  from: AsFd,
  to: AsFd,
  length: number | bigint,
  options?: SpliceOptions,
): number | null {
  const source = fdOf(from, "from");
  const sink = fdOf(to, "to");
  const count = countOf(length);
  let how = SPLICE_F_NONBLOCK;
  let start: Int32Array | null = null;
  let target: Int32Array | null = null;
  if (options !== undefined) {
    how = spliceFlags(options);
    start = fromOffset.at(options.fromOffset, "fromOffset");
    target = toOffset.at(options.toOffset, "toOffset");
  }
  let n: number;
  do n = libc.splice(source, start, sink, target, count, how); while (n === -errno.EINTR);
  return n === -errno.EAGAIN ? null : ok(n, "splice", { fd: source });
}

function spliceFlags(options: SpliceOptions): number {
  const { fromOffset: _from, toOffset: _to, nonBlocking = true, ...named } = options;
  requireBoolean(nonBlocking, "nonBlocking");
  return bitsOf(flags, named, others) | (nonBlocking ? SPLICE_F_NONBLOCK : 0);
}

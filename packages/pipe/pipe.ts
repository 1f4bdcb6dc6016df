import { ok, requireBoolean, requireInteger, requireKnown } from "@posixly/sys";
import { setCapacity } from "./capacity.ts";
import { libc, O_CLOEXEC, O_DIRECT, O_NONBLOCK } from "./libc.ts";
import { PipeReader } from "./reader.ts";
import { PipeWriter } from "./writer.ts";

/**
 * What kind of pipe to make.
 *
 * @example Usage
 * ```ts
 * import { capacity, pipe, type PipeOptions } from "@posixly/pipe";
 * import assert from "node:assert/strict";
 *
 * const wide: PipeOptions = { capacity: 1024 * 1024 };
 * using ends = pipe(wide);
 * assert.equal(capacity(ends.writer), 1024 * 1024);
 * ```
 */
export interface PipeOptions {
  /**
   * Whether a call that would block returns `null` instead, `O_NONBLOCK`; by default `true`.
   * Ends that block stop the whole thread when they wait, and their methods refuse to.
   */
  readonly nonBlocking?: boolean;
  /**
   * Whether each write is read as a packet of its own, `O_DIRECT`: one read, one packet, and
   * what does not fit into its buffer is lost. A write above {@linkcode PIPE_BUF} is split.
   * Since Linux 3.4.
   */
  readonly packet?: boolean;
  /**
   * How many bytes it should hold, see {@linkcode setCapacity}; by default 65536, but fewer if this
   * user has a thousand pipes.
   */
  readonly capacity?: number;
}

/**
 * Both ends of a pipe, see {@linkcode pipe}.
 *
 * @example Usage
 * ```ts
 * import { pipe, type Pipe } from "@posixly/pipe";
 * import assert from "node:assert/strict";
 *
 * const ends: Pipe = pipe();
 * ends[Symbol.dispose]();
 * assert.ok(ends.reader.closed && ends.writer.closed);
 * ```
 */
export interface Pipe extends Disposable {
  /** Where the bytes come out. */
  readonly reader: PipeReader;
  /** Where they go in. */
  readonly writer: PipeWriter;
}

/**
 * Makes an anonymous pipe, pipe2(2): a queue of bytes in the kernel. What is written to one end
 * is read from the other, in the same order. When it is full, `write` is `null`; when it is
 * empty, `read` is `null`; when the writers are gone `read` is 0, and when the readers are
 * gone `write` fails with `EPIPE`.
 *
 * Both ends are close-on-exec, so that a child has those only which {@linkcode spawn} gives it.
 * They never block here, although they do in that child: it gets an open file description
 * of its own.
 *
 * @param options Blocking, packets, capacity
 * @returns The ends; disposing of them closes both
 * @throws {SyscallError} `EMFILE` or `ENFILE` if too many descriptors are open, `ENFILE` also if
 * this user's pipes hold too many pages; `EPERM` if `capacity` is above what this user may have
 * @throws {TypeError | RangeError} If an option is not as described
 *
 * @example Usage
 * ```ts
 * import { read, write } from "@posixly/fd";
 * import { pipe } from "@posixly/pipe";
 * import assert from "node:assert/strict";
 *
 * using ends = pipe();
 * assert.equal(write(ends.writer, new Uint8Array([1, 2, 3])), 3);
 *
 * const buffer = new Uint8Array(16);
 * assert.equal(read(ends.reader, buffer), 3);
 * assert.equal(read(ends.reader, buffer), null); // empty
 * ends.writer.close();
 * assert.equal(read(ends.reader, buffer), 0); // the end
 * ```
 */
export function pipe(options: PipeOptions = {}): Pipe {
  requireKnown(options, ["nonBlocking", "packet", "capacity"]);
  if (options.capacity !== undefined) requireInteger(options.capacity, "capacity", 1);
  const fds = new Int32Array(2);
  ok(libc.pipe2(fds, flagsOf(options)), "pipe2");
  const [reader, writer] = [new PipeReader(fds[0]), new PipeWriter(fds[1])];
  const ends = {
    reader,
    writer,
    [Symbol.dispose]() {
      using _first = reader;
      writer.close();
    },
  };
  try {
    if (options.capacity !== undefined) setCapacity(writer, options.capacity);
    return ends;
  } catch (error) {
    ends[Symbol.dispose]();
    throw error;
  }
}

function flagsOf({ nonBlocking = true, packet = false }: PipeOptions): number {
  requireBoolean(nonBlocking, "nonBlocking");
  requireBoolean(packet, "packet");
  return O_CLOEXEC | (nonBlocking ? O_NONBLOCK : 0) | (packet ? O_DIRECT : 0);
}

import { type AsFd, fdOf } from "@posixly/fd";
import { signalOf, unlessAborted, type WaitOptions } from "@posixly/mux";
import { requireBoolean, requireInteger, requireKnown } from "@posixly/sys";
import { requireNonBlocking } from "./non_blocking.ts";
import { Pumping } from "./pumping.ts";
import { isSameFile } from "./same_file.ts";

/**
 * How bytes are pumped, and how to give up, see {@linkcode pump}.
 *
 * @example Usage
 * ```ts
 * import { pipe } from "@posixly/pipe";
 * import { pump, type PumpOptions } from "@posixly/zerocopy";
 * import assert from "node:assert/strict";
 *
 * const soon: PumpOptions = { timeout: 5 };
 * using source = pipe();
 * using sink = pipe();
 * await assert.rejects(pump(source.reader, sink.writer, soon), { name: "TimeoutError" });
 * ```
 */
export interface PumpOptions extends WaitOptions {
  /** How many bytes at most are moved in one go; by default 1 MiB, which is what a pipe may hold. */
  readonly size?: number;
  /**
   * Which way: `splice` moves pages within the kernel, `readwrite` copies bytes by way of this
   * program. By default it is what the last bytes suggest: those that come in small pieces are
   * cheaper to copy.
   */
  readonly via?: "splice" | "readwrite";
  /** Whether to end the socket `to` after the last byte, as `shutdown` with `write` does. */
  readonly end?: boolean;
  /** Told how many bytes `to` has taken so far, each time that it has taken some. */
  readonly onProgress?: (bytes: number) => void;
}

/**
 * What was pumped, see {@linkcode pump}.
 *
 * @example Usage
 * ```ts
 * import { pipe } from "@posixly/pipe";
 * import { pump, type Pumped } from "@posixly/zerocopy";
 * import assert from "node:assert/strict";
 *
 * using source = pipe();
 * using sink = pipe();
 * source.writer.close();
 * const nothing: Pumped = await pump(source.reader, sink.writer);
 * assert.equal(nothing.bytes, 0);
 * ```
 */
export interface Pumped {
  /** How many bytes. */
  readonly bytes: number;
  /** Which way they went, `both` if some went one way and some the other. */
  readonly path: "splice" | "readwrite" | "both";
}

/** How much is moved in one go. */
const SIZE = 2 ** 20;

/**
 * Moves all bytes from one descriptor to another, up to the end, and waits for what is not there yet
 * and where there is no room: from socket to socket, from a socket to a file, whatever gives and
 * takes a stream of bytes. What splice(2) does not take is read and written.
 *
 * It works on the event loop, and within `run` of `@posixly/mux`, where the bytes go on, and the
 * promise once that has returned.
 *
 * Whoever waits holds no pipe and no memory. What is in a pipe in between when it fails is thrown
 * away with that pipe; `onProgress` was told of those bytes only that `to` has taken.
 *
 * @param from Where the bytes come from; it must not block. A page of a file that is not in memory is
 * waited for by the whole thread: take {@linkcode sendFile} for a file
 * @param to Where they go; it must not block
 * @param options Which way, and how to give up
 * @returns Resolves after the last byte; both stay open
 * @throws {SyscallError} `EPIPE` or `ECONNRESET` if nobody is left to read, `ECONNRESET` if the
 * source was broken off; with `end`, `ENOTSOCK` if `to` is no socket
 * @throws {TypeError | RangeError} If an option is not as described, one of both blocks, or both are
 * the same file
 * @throws {Error} If one of both is closed meanwhile, at once if it was passed as an `OwnedFd`
 * @throws The signal's reason, or a `TimeoutError`. After any error some bytes may have been taken
 * from `from` that never reached `to`
 *
 * @example Usage
 * ```ts
 * import { socketPair } from "@posixly/socket";
 * import { pump } from "@posixly/zerocopy";
 * import { read, write } from "@posixly/fd";
 * import assert from "node:assert/strict";
 *
 * using left = socketPair();
 * using right = socketPair();
 * write(left.first, new TextEncoder().encode("Hello"));
 * left.first.close();
 * assert.equal((await pump(left.second, right.first, { end: true })).bytes, 5);
 *
 * const buffer = new Uint8Array(16);
 * assert.equal(read(right.second, buffer), 5);
 * assert.equal(read(right.second, buffer), 0); // the end
 * ```
 */
export async function pump(from: AsFd, to: AsFd, options: PumpOptions = {}): Promise<Pumped> {
  requireKnown(options, ["size", "via", "end", "onProgress", "signal", "timeout"]);
  const { signal, timeout, ...rest } = options;
  const either = signalOf({ signal, timeout });
  either?.throwIfAborted();
  return await pumped(pumpingOf(from, to, { ...rest, signal: either }).start(), either);
}

/** What will pump, checked. */
export function pumpingOf(
  from: AsFd,
  to: AsFd,
  options: PumpOptions,
  onFailure?: (reason: unknown) => void,
): Pumping {
  const { size = SIZE, via, end, onProgress } = options;
  requireInteger(size, "size", 1);
  if (via !== undefined && via !== "splice" && via !== "readwrite") {
    throw new TypeError(`via must be splice or readwrite, not ${String(via)}`);
  }
  requireBoolean(end, "end");
  if (onProgress !== undefined && typeof onProgress !== "function") {
    throw new TypeError("onProgress must be a function");
  }
  fdOf(from, "from");
  fdOf(to, "to");
  requireNonBlocking(from, "from");
  requireNonBlocking(to, "to");
  if (isSameFile(from, to)) throw new TypeError("from and to must not be the same file");
  return new Pumping(from, to, { ...options, size, onFailure });
}

/** What it has pumped, once that is all; a signal gives it up. */
export async function pumped(pumping: Pumping, signal: AbortSignal | undefined): Promise<Pumped> {
  try {
    await unlessAborted(pumping.ended, signal);
  } catch (error) {
    pumping.fail(error);
    throw error;
  }
  const { splice, readwrite } = pumping.bytes;
  const path = splice === 0 ? "readwrite" : readwrite === 0 ? "splice" : "both";
  return { bytes: splice + readwrite, path };
}

import { type AsFd, fdOf, position, stat } from "@posixly/fd";
import { signalOf, type WaitOptions, whenReadable, whenWritable } from "@posixly/mux";
import { requireInteger, requireInteger64, requireKnown } from "@posixly/sys";
import { FileTruncatedError } from "./file_truncated.ts";
import { requireNonBlocking } from "./non_blocking.ts";
import { after } from "./offset.ts";
import { sendfile } from "./sendfile.ts";
import { Copying, MEMORY } from "./through_memory.ts";
import { nextTurn } from "./turn.ts";
import { Warmth } from "./warm.ts";

/**
 * What of a file is sent, and how to give up, see {@linkcode sendFile}.
 *
 * @example Usage
 * ```ts
 * import { memfd, write } from "@posixly/fd";
 * import { pipe } from "@posixly/pipe";
 * import { sendFile, type SendFileOptions } from "@posixly/zerocopy";
 * import assert from "node:assert/strict";
 *
 * let last = 0;
 * const tail: SendFileOptions = { offset: 4, onProgress: (sent) => last = sent };
 * using file = memfd("example");
 * write(file, new Uint8Array(10));
 * using ends = pipe();
 * await sendFile(ends.writer, file, tail);
 * assert.equal(last, 6);
 * ```
 */
export interface SendFileOptions extends WaitOptions {
  /**
   * Where in the file to start, in bytes; by default at its beginning. The file's position is
   * neither used nor moved. What has no positions, as a pipe, is read from where it is.
   */
  readonly offset?: number | bigint;
  /**
   * How many bytes to send, and then fewer are an error; by default those up to the end, as the file
   * is when it begins.
   */
  readonly length?: number | bigint;
  /**
   * How many bytes at most before everything else in this thread has its turn; by default 2 MiB.
   */
  readonly chunk?: number;
  /** Told how many bytes the kernel has taken so far, each time that it has taken some. */
  readonly onProgress?: (sent: number) => void;
}

/**
 * What was sent, see {@linkcode sendFile}.
 *
 * @example Usage
 * ```ts
 * import { open } from "@posixly/fd";
 * import { pipe } from "@posixly/pipe";
 * import { sendFile, type Sent } from "@posixly/zerocopy";
 * import assert from "node:assert/strict";
 *
 * using file = open("/proc/self/status"); // which sendfile(2) refuses
 * using ends = pipe();
 * const { bytes, path }: Sent = await sendFile(ends.writer, file);
 * assert.ok(bytes > 0);
 * assert.equal(path, "readwrite");
 * ```
 */
export interface Sent {
  /** How many bytes. */
  readonly bytes: number;
  /** Whether the kernel moved them, or they were read and written since it would not. */
  readonly path: "sendfile" | "readwrite";
}

/** How much is sent before others have their turn. */
const CHUNK = 2 ** 21;

/** Why sendfile(2) does not take a pair of descriptors which may well be read and written. */
const refusals = ["EINVAL", "ENOSYS", "ESPIPE"];

/**
 * Sends a file, or a part of it, without its bytes passing through this program, and waits for room
 * where there is none. Everything else in the thread goes on meanwhile: no more than a chunk is sent
 * at once, and what is not in memory is not waited for in the call, but read ahead by the kernel.
 *
 * What sendfile(2) refuses (a pipe, a socket, much of `/proc`, a `to` that is open for appending) is
 * read and written instead, and `path` says so.
 *
 * Whoever changes the file meanwhile changes what arrives, even after the end of the call.
 *
 * @param to Where the bytes go; it must not block
 * @param file The file; it stays open
 * @param options What of it, and how to give up
 * @returns Resolves when the kernel has all of it, which does not mean that it was read
 * @throws {FileTruncatedError} If the file ends early
 * @throws {SyscallError} As {@linkcode sendfile}: `EPIPE` or `ECONNRESET` if nobody is left to read,
 * `EIO` if the disk fails
 * @throws {TypeError | RangeError} If an option is not as described, or `to` blocks
 * @throws {Error} If one of both is closed meanwhile; that the file is, is found as soon as there is
 * room
 * @throws The signal's reason, or a `TimeoutError`. After any error a part may be on its way, and
 * `onProgress` was told how much
 *
 * @example Usage
 * ```ts
 * import { memfd, write } from "@posixly/fd";
 * import { connectTcp, listenTcp } from "@posixly/socket";
 * import { sendFile } from "@posixly/zerocopy";
 * import assert from "node:assert/strict";
 *
 * using page = memfd("page");
 * write(page, new TextEncoder().encode("Hello, world"));
 *
 * using listener = listenTcp("127.0.0.1:0");
 * using client = await connectTcp(listener.localAddress);
 * using connection = await listener.accept();
 * assert.deepEqual(await sendFile(connection, page), { bytes: 12, path: "sendfile" });
 * await connection.end();
 * assert.equal(new TextDecoder().decode(await client.readAll()), "Hello, world");
 * ```
 */
export async function sendFile(
  to: AsFd,
  file: AsFd,
  options: SendFileOptions = {},
): Promise<Sent> {
  const sending = new Sending(to, file, options);
  const path = await sending.bySendfile() ? "sendfile" : "readwrite";
  if (path === "readwrite") await sending.byReadAndWrite();
  return { bytes: sending.sent, path };
}

/** A file on its way. */
class Sending {
  /** How many bytes the kernel has taken. */
  sent = 0;
  /** How many it shall have before others have their turn. */
  #end = 0;
  readonly #to: AsFd;
  readonly #file: AsFd;
  readonly #warmth: Warmth;
  readonly #offset: number | bigint;
  /** How many bytes to send, `Infinity` if the file does not say how many it has. */
  readonly #length: number;
  readonly #chunk: number;
  readonly #wait: WaitOptions | undefined;
  readonly #options: SendFileOptions;

  constructor(to: AsFd, file: AsFd, options: SendFileOptions) {
    requireKnown(options, ["offset", "length", "chunk", "onProgress", "signal", "timeout"]);
    const { offset = 0, length, chunk = CHUNK, onProgress, signal, timeout } = options;
    fdOf(to, "to");
    fdOf(file, "file");
    requireInteger64(offset, "offset");
    if (length !== undefined) requireInteger64(length, "length");
    requireInteger(chunk, "chunk", 1);
    if (onProgress !== undefined && typeof onProgress !== "function") {
      throw new TypeError("onProgress must be a function");
    }
    const either = signalOf({ signal, timeout });
    either?.throwIfAborted();
    requireNonBlocking(to, "to");
    this.#to = to;
    this.#file = file;
    this.#warmth = new Warmth(file);
    this.#offset = offset;
    this.#length = length === undefined ? lengthFrom(file, offset) : Number(length);
    this.#chunk = chunk;
    this.#wait = either && { signal: either };
    this.#options = options;
  }

  /** Has the kernel send it; `false` if it does not do that with these two. */
  async bySendfile(): Promise<boolean> {
    while (this.sent < this.#length) {
      this.#end = this.sent + Math.min(this.#length - this.sent, this.#chunk);
      const isCold = this.#warmth.of(this.#at, this.#end - this.sent, this.#wait?.signal);
      if (isCold !== undefined) await isCold;
      while (this.sent < this.#end) {
        try {
          const n = await whenWritable(this.#to, this.#attempt, this.#wait);
          if (n === 0) return this.#ended();
          this.#taken(n);
        } catch (error) {
          if (this.sent === 0 && isRefusal(error)) return false;
          throw error;
        }
      }
      if (this.sent < this.#length) await nextTurn();
    }
    return true;
  }

  readonly #attempt = (): number | null =>
    sendfile(this.#to, this.#file, this.#end - this.sent, { offset: this.#at });

  /** Reads it and writes it. */
  async byReadAndWrite(): Promise<void> {
    const copying = new Copying((bytes) => this.#taken(bytes));
    const isStream = !hasPositions(this.#file);
    if (isStream) {
      if (this.#options.offset !== undefined) {
        throw new TypeError("offset must not be given for what has no positions");
      }
      requireNonBlocking(this.#file, "file");
    }
    while (this.sent < this.#length) {
      const length = Math.min(this.#length - this.sent, MEMORY);
      const isCold = isStream ? undefined : this.#warmth.of(this.#at, length, this.#wait?.signal);
      if (isCold !== undefined) await isCold;
      const at = isStream ? undefined : this.#at;
      const move = () => copying.move(this.#file, this.#to, length, at);
      const n = await whenReadable(this.#file, move, this.#wait);
      if (n === 0) {
        this.#ended();
        return;
      }
      while (copying.held > 0) {
        await whenWritable(this.#to, () => copying.pay(this.#to), this.#wait);
      }
    }
  }

  get #at(): number | bigint {
    return after(this.#offset, this.sent);
  }

  #taken(bytes: number): void {
    this.sent += bytes;
    this.#options.onProgress?.(this.sent);
  }

  /** The file has ended: too early, unless it never said the truth, as much of `/sys`. */
  #ended(): true {
    if (this.#length === Infinity) return true;
    const end = BigInt(this.#offset) + BigInt(this.#length);
    if (this.#options.length !== undefined || stat(this.#file).size < end) {
      throw new FileTruncatedError(this.#length, this.sent);
    }
    return true;
  }
}

/** How many bytes a file has from a place on; `Infinity` if it does not say, as most of `/proc`. */
function lengthFrom(file: AsFd, offset: number | bigint): number {
  const { size } = stat(file);
  if (Number(size) === 0) return Infinity;
  return Math.max(0, Number(BigInt(size) - BigInt(offset)));
}

/** Whether it can be read at a place, unlike a pipe. */
function hasPositions(file: AsFd): boolean {
  try {
    position(file);
    return true;
  } catch (error) {
    if ((error as { code?: string }).code === "ESPIPE") return false;
    throw error;
  }
}

function isRefusal(error: unknown): boolean {
  return refusals.includes((error as { code?: string }).code ?? "");
}

import {
  type ChunkOptions,
  chunksFrom,
  readableFrom,
  readAllFrom,
  type ReadAllOptions,
  type WaitOptions,
  whenReadable,
  writableTo,
  WriteQueue,
} from "@posixly/mux";
import type { Bytes } from "@posixly/sys";
import type { SocketAddress } from "./address.ts";
import { localAddress, remoteAddress } from "./endpoints.ts";
import { receive } from "./receive.ts";
import { send } from "./send.ts";
import { shutdown } from "./shutdown.ts";
import { Socket } from "./socket.ts";

/**
 * A connection that bytes go through in both directions: TCP, or `unix` of type `stream`. What
 * {@linkcode connectTcp}, {@linkcode connectUnix} and {@linkcode Listener.accept} give; or take
 * over a connected socket that came from elsewhere.
 *
 * Functions such as `send` and `receive` call the kernel and return at once; the methods here wait
 * for what is not there yet, without holding up anything else.
 *
 * @example Usage
 * ```ts
 * import { Connection, socketPair } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * const { first, second } = socketPair();
 * using ours = new Connection(first.release());
 * using theirs = new Connection(second.release());
 * const reading = theirs.readAll();
 * await ours.write(new TextEncoder().encode("hello"));
 * await ours.end();
 * assert.equal((await reading).length, 5);
 * ```
 */
export class Connection extends Socket implements AsyncIterable<Uint8Array<ArrayBuffer>> {
  readonly #writes: WriteQueue = new WriteQueue(this, (bytes) => send(this, bytes));
  /** How many halves were given away as Web Streams and are not over. */
  #streams = 0;

  /** Our end. */
  get localAddress(): SocketAddress {
    return localAddress(this);
  }

  /** The other end; `null` if it is gone already, or has no address. */
  get remoteAddress(): SocketAddress | null {
    return remoteAddress(this);
  }

  /**
   * Waits for bytes and takes as many as are there, recv(2). Do not touch `into` meanwhile.
   *
   * @param into Where the bytes go, from its beginning
   * @param options How to give up waiting
   * @returns How many bytes were read; 0 when the other side has ended, or if `into` is empty
   * @throws {SyscallError} `ECONNRESET` if the other side broke the connection off, `ETIMEDOUT` if
   * it does not answer any more
   * @throws {TypeError} If `into` is no buffer, or an option is none
   * @throws {Error} If this end is closed, even meanwhile
   * @throws The signal's reason, or a `TimeoutError`
   */
  read(into: Bytes, options?: WaitOptions): Promise<number> {
    return whenReadable(this, () => receive(this, into), options);
  }

  /**
   * Waits for all bytes until the other side ends.
   *
   * @param options How to give up waiting, and when it is too much
   * @returns The bytes
   * @throws {Error} If there are more than `limit`; what was read by then is gone
   * @throws As {@linkcode Connection.read}; what was read by then is gone
   */
  readAll(options?: ReadAllOptions): Promise<Uint8Array<ArrayBuffer>> {
    return readAllFrom(this, options);
  }

  /**
   * Reads chunk by chunk, each as soon as it is there. Leaving the loop early leaves this end
   * open.
   *
   * @param options How large a chunk may be, how to give up waiting
   * @returns The chunks until the other side ends; each is yours to keep
   * @throws As {@linkcode Connection.read}
   */
  chunks(options?: ChunkOptions): AsyncGenerator<Uint8Array<ArrayBuffer>, void, void> {
    return chunksFrom(this, options);
  }

  /** Reads chunk by chunk, see {@linkcode Connection.chunks}. */
  [Symbol.asyncIterator](): AsyncGenerator<Uint8Array<ArrayBuffer>, void, void> {
    return this.chunks();
  }

  /**
   * Writes all bytes, and waits for room where there is none. Do not touch them meanwhile.
   * Writes that overlap go one after the other, each in one piece.
   *
   * @param bytes What to write
   * @param options How to give up waiting
   * @returns Resolves when the kernel has all of them, which does not mean that they were read
   * @throws {SyscallError} `EPIPE` or `ECONNRESET` if the other side is gone
   * @throws {TypeError} If `bytes` is no buffer, or an option is none
   * @throws {Error} If this end is closed, even meanwhile
   * @throws The signal's reason, or a `TimeoutError`: a part may be on its way by then
   */
  write(bytes: Bytes, options?: WaitOptions): Promise<void> {
    return this.#writes.write(bytes, options);
  }

  /**
   * Says that nothing more will be written, once what is being written was, shutdown(2). The
   * other side then reads up to the end; this one can go on reading.
   *
   * @returns Resolves when it was said
   * @throws {SyscallError} `ENOTCONN` if the other side broke the connection off
   */
  async end(): Promise<void> {
    await this.#writes.idle;
    shutdown(this, "write");
  }

  /**
   * What comes in, as a Web Stream of bytes, which also fills buffers of your own (BYOB).
   *
   * The connection belongs to its streams from now on: it is closed when those that were asked
   * for, this one and that of {@linkcode Connection.writable}, are over.
   *
   * @returns The stream
   */
  readable(): ReadableStream<Uint8Array> {
    return readableFrom({ read: (into) => this.read(into), close: this.#half() });
  }

  /**
   * What goes out, as a Web Stream. Closing it is {@linkcode Connection.end}; aborting it closes
   * the connection.
   *
   * @returns The stream
   */
  writable(): WritableStream<Bytes> {
    const over = this.#half();
    return writableTo({
      write: (chunk, options) => this.write(chunk, options),
      close: async () => {
        if (!this.closed) await this.end();
        over();
      },
      abort: () => this.close(),
    });
  }

  /** Gives a half away; the result is called when that half is over. */
  #half(): () => void {
    this.#streams++;
    let isOver = false;
    return () => {
      if (!isOver && --this.#streams === 0) this.close();
      isOver = true;
    };
  }
}

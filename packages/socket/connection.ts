import { type AsFd, fdOf } from "@posixly/fd";
import {
  type ChunkOptions,
  readableFrom,
  readAllFrom,
  type ReadAllOptions,
  type WaitOptions,
  whenReadable,
  writableTo,
  WriteQueue,
} from "@posixly/mux";
import { type Bytes, requireInteger, requireKnown } from "@posixly/sys";
import type { SocketAddress } from "./address.ts";
import { type ReceivedDescriptors, receiveDescriptors } from "./descriptors.ts";
import { localAddress, remoteAddress } from "./endpoints.ts";
import { atOnce } from "./message_flags.ts";
import { setOptions } from "./options.ts";
import { receive } from "./receive.ts";
import { send } from "./send.ts";
import { sendAllDescriptors } from "./send_all_descriptors.ts";
import { shutdown } from "./shutdown.ts";
import { Socket } from "./socket.ts";

/** Where a chunk arrives before it is as long as it is; nobody uses it for longer than a call. */
const scratch = new Uint8Array(65_536);

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
  readonly #writes: WriteQueue = new WriteQueue(this, (bytes) => send(this, bytes, atOnce));
  #hasEnded = false;
  /** How many halves were given away as Web Streams and are not over. */
  #streams = 0;

  /** Our end. */
  get localAddress(): SocketAddress {
    return localAddress(this);
  }

  /** The other end; `null` if it is not connected any more, or never was. */
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
    return whenReadable(this, () => this.#readNow(into), options);
  }

  #readNow(into: Bytes): number | null {
    return receive(this, into, atOnce) ?? (into.byteLength === 0 ? 0 : null);
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
  async *chunks(
    options: ChunkOptions = {},
  ): AsyncGenerator<Uint8Array<ArrayBuffer>, void, void> {
    requireKnown(options, ["size", "signal", "timeout"]);
    const { size = scratch.length, ...wait } = options;
    requireInteger(size, "size", 1);
    // Those who wait share the room: there may be thousands.
    const room = size > scratch.length
      ? new Uint8Array(size)
      : new Uint8Array(scratch.buffer, 0, size);
    const next = () => {
      const length = this.#readNow(room);
      return length === null ? null : room.slice(0, length);
    };
    for (let chunk; (chunk = await whenReadable(this, next, wait)).length > 0;) yield chunk;
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
   * other side then reads up to the end; this one can go on reading. Once is enough.
   *
   * @param options How to give up waiting for what is being written
   * @returns Resolves when it was said
   * @throws {SyscallError} `ENOTCONN` if the other side broke the connection off
   * @throws {Error} If this end is closed, even meanwhile
   * @throws {TypeError} If an option is none
   * @throws The signal's reason, or a `TimeoutError`
   */
  async end(options?: WaitOptions): Promise<void> {
    fdOf(this); // what is closed cannot be ended, not even twice
    if (this.#hasEnded) return;
    await this.#writes.run(() => Promise.resolve(this.#shutDown()), options);
  }

  /** Once: afterwards, there may be no connection any more. */
  #shutDown(): void {
    if (!this.#hasEnded) shutdown(this, "write");
    this.#hasEnded = true;
  }

  /**
   * Sends descriptors to the program at the other end of a `unix` connection, as many as you like,
   * and waits for room where there is none. It takes its turn among the writes.
   *
   * @param descriptors What the other side shall have; they stay open here
   * @param bytes What goes along, read by whoever receives them; by default a 0 for each message,
   * see {@linkcode sendDescriptors}
   * @param options How to give up waiting
   * @returns Resolves when the kernel has all of them
   * @throws As {@linkcode sendDescriptors} and {@linkcode Connection.write}: some may be on their
   * way by then
   */
  async sendDescriptors(
    descriptors: readonly AsFd[],
    bytes?: Bytes,
    options?: WaitOptions,
  ): Promise<void> {
    const send = (wait?: WaitOptions) => sendAllDescriptors(this, descriptors, bytes, wait);
    await this.#writes.run(send, options);
  }

  /**
   * Waits for descriptors, and takes as many as are there. They come with the bytes that they were
   * sent with; if those are read in another way, the kernel closes the descriptors.
   *
   * @param count How many to take at most
   * @param into Where the bytes go that come along, see {@linkcode receiveDescriptors}
   * @param options How to give up waiting
   * @returns What has come; there are none if bytes came without, or the other side has ended
   * @throws As {@linkcode receiveDescriptors} and {@linkcode Connection.read}
   */
  receiveDescriptors(
    count: number,
    into?: Bytes,
    options?: WaitOptions,
  ): Promise<ReceivedDescriptors> {
    return whenReadable(this, () => receiveDescriptors(this, count, into, atOnce), options);
  }

  /**
   * Breaks the connection off: closes it, and throws away what has not arrived. The other side gets
   * `ECONNRESET`, and not an end that it might take for the end of it all. `unix` has no such
   * thing: there it is the end.
   */
  reset(): void {
    if (this.closed) return;
    setOptions(this, { linger: 0 });
    this.close();
  }

  /**
   * What comes in, as a Web Stream of bytes, which also fills buffers of your own (BYOB).
   *
   * The connection belongs to its streams from now on: it is closed when those that were asked
   * for, this one and that of {@linkcode Connection.writable}, are over, and on an error.
   *
   * @returns The stream
   */
  readable(): ReadableStream<Uint8Array> {
    const over = this.#half();
    const unwanted = new AbortController();
    const { signal } = unwanted;
    return readableFrom({
      read: async (into) => {
        try {
          return await this.read(into, { signal });
        } catch (error) {
          if (!signal.aborted) this.close();
          throw error;
        }
      },
      close: () => {
        unwanted.abort();
        over();
      },
    });
  }

  /**
   * What goes out, as a Web Stream. Closing it is {@linkcode Connection.end}; aborting it is
   * {@linkcode Connection.reset}, so that the other side does not take a part for the whole.
   *
   * @returns The stream
   */
  writable(): WritableStream<Bytes> {
    const over = this.#half();
    return writableTo({
      write: (chunk, options) => this.write(chunk, options),
      close: () => this.end().finally(over),
      abort: () => this.reset(),
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

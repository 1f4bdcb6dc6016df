import { fdOf } from "@posixly/fd";
import { TaskQueue, type WaitOptions, whenReadable, whenWritable } from "@posixly/mux";
import { type Bytes, requireBytes } from "@posixly/sys";
import type { SocketAddress } from "./address.ts";
import { cutMessage } from "./cut_message.ts";
import { isAtEnd } from "./ended.ts";
import { localAddress, remoteAddress } from "./endpoints.ts";
import { atOnce } from "./message_flags.ts";
import { receive } from "./receive.ts";
import { send } from "./send.ts";
import { shutdown } from "./shutdown.ts";
import { Socket } from "./socket.ts";

/**
 * A connection that messages go through in both directions, each as it was sent: `unix` of type
 * `seqpacket`. What {@linkcode connectSeqpacket} and a listener of {@linkcode listenSeqpacket}
 * give; or take over a connected socket that came from elsewhere.
 *
 * What comes along with a message, such as descriptors, goes through `sendMessage` and
 * `receiveMessage`.
 *
 * @example Usage
 * ```ts
 * import { SeqpacketConnection, socketPair } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * const { first, second } = socketPair("seqpacket");
 * using ours = new SeqpacketConnection(first.release());
 * using theirs = new SeqpacketConnection(second.release());
 * await ours.send(new Uint8Array(3));
 * await ours.send(new Uint8Array(4));
 * await ours.end();
 * const lengths: number[] = [];
 * for await (const message of theirs) lengths.push(message.length);
 * assert.deepEqual(lengths, [3, 4]);
 * ```
 */
export class SeqpacketConnection extends Socket implements AsyncIterable<Uint8Array<ArrayBuffer>> {
  readonly #sends: TaskQueue = new TaskQueue();
  #hasEnded = false;

  /** Our end. */
  get localAddress(): SocketAddress {
    return localAddress(this);
  }

  /** The other end, also when it is gone; `null` if there never was one. */
  get remoteAddress(): SocketAddress | null {
    return remoteAddress(this);
  }

  /**
   * Waits for a message, recv(2). It comes whole, however long it is.
   *
   * The kernel says 0 of an empty message and of the end. As long as the other side has not ended,
   * or something follows, it is taken for a message.
   *
   * @param options How to give up waiting
   * @returns The message, yours to keep; `null` when the other side has ended
   * @throws {SyscallError} `ECONNRESET` if the other side was closed with messages unread
   * @throws {Error} If this end is closed, even meanwhile; or if somebody who shares the socket took
   * the message that there was room for, so that a longer one was cut
   * @throws {TypeError} If an option is none
   * @throws The signal's reason, or a `TimeoutError`
   */
  async receive(options?: WaitOptions): Promise<Uint8Array<ArrayBuffer> | null> {
    const message = await whenReadable(this, () => this.#next(), options);
    return message === end ? null : message;
  }

  #next(): Uint8Array<ArrayBuffer> | typeof end | null {
    const length = receive(this, nothing, measuring);
    if (length === null) return null;
    const message = new Uint8Array(length);
    const received = receive(this, message, whole);
    if (received === 0 && isAtEnd(this)) return end;
    if (received === null || received === length) return received === null ? null : message;
    // Somebody who shares the socket took the one that was measured.
    if (received > length) throw cutMessage();
    return message.slice(0, received);
  }

  /**
   * Sends a message, whole or not at all, and waits while there is no room for it. Those that
   * overlap go one after the other.
   *
   * @param bytes The message
   * @param options How to give up waiting
   * @returns Resolves when the kernel has it, which does not mean that it was read
   * @throws {SyscallError} `EMSGSIZE` if it is too long; `EPIPE` or `ECONNRESET` if the other side
   * is gone
   * @throws {TypeError} If `bytes` is no buffer, or an option is none
   * @throws {Error} If this end is closed, even meanwhile
   * @throws The signal's reason, or a `TimeoutError`
   */
  async send(bytes: Bytes, options?: WaitOptions): Promise<void> {
    requireBytes(bytes, "bytes");
    const attempt = () => send(this, bytes, atOnce);
    await this.#sends.run((wait) => whenWritable(this, attempt, wait), options);
  }

  /**
   * Says that nothing more will be sent, once what is being sent was, shutdown(2). The other side
   * then receives up to the end; this one can go on receiving. Once is enough.
   *
   * @param options How to give up waiting for what is being sent
   * @returns Resolves when it was said
   * @throws {Error} If this end is closed, even meanwhile
   * @throws {TypeError} If an option is none
   * @throws The signal's reason, or a `TimeoutError`
   */
  async end(options?: WaitOptions): Promise<void> {
    fdOf(this); // what is closed cannot be ended, not even twice
    if (this.#hasEnded) return;
    await this.#sends.run(() => Promise.resolve(shutdown(this, "write")), options);
    this.#hasEnded = true;
  }

  /** The messages as they come, until the other side ends. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array<ArrayBuffer>, void, void> {
    for (let message; (message = await this.receive()) !== null;) yield message;
  }
}

const end = Symbol();
const nothing = new Uint8Array(0);
const measuring = { peek: true, truncate: true, nonBlocking: true } as const;

/** Takes the message, and tells how long it was. */
const whole = { truncate: true, nonBlocking: true } as const;

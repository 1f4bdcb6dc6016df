import { leftOf, type WaitOptions, whenReadable, whenWritable, writable } from "@posixly/mux";
import type { Bytes } from "@posixly/sys";
import type { AddressLike, SocketAddress } from "./address.ts";
import { connect } from "./connect.ts";
import { socket } from "./create.ts";
import { cutMessage } from "./cut_message.ts";
import { isEndedForReading } from "./ended.ts";
import { localAddress, remoteAddress } from "./endpoints.ts";
import { atOnce } from "./message_flags.ts";
import { receiveFrom } from "./receive_from.ts";
import { send } from "./send.ts";
import { sendTo } from "./send_to.ts";
import { Socket } from "./socket.ts";

/**
 * A message and where it came from.
 *
 * @example Usage
 * ```ts
 * import { type Datagram, udp } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * using socket = udp("127.0.0.1:0");
 * await socket.send(new Uint8Array(0), socket.localAddress);
 * const datagram: Datagram = await socket.receive();
 * assert.equal(datagram.bytes.length, 0); // an empty one is a message as well
 * assert.deepEqual(datagram.from, socket.localAddress);
 * ```
 */
export interface Datagram {
  /** What it says; yours to keep. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Who sent it, where an answer goes; `null` of a `unix` sender without an address. */
  readonly from: SocketAddress | null;
}

/** What every message of UDP fits into. */
const ROOM = 65_536;

/**
 * A socket for messages: UDP, or `unix` of type `datagram`. What {@linkcode udp} and
 * {@linkcode unixDatagram} give; or take over one that came from elsewhere. Any family whose
 * messages come whole will do, such as netlink.
 *
 * @example Usage
 * ```ts
 * import { udp } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * using server = udp("127.0.0.1:0");
 * using client = udp("127.0.0.1:0");
 * await client.send(new TextEncoder().encode("ping"), server.localAddress);
 * for await (const { bytes, from } of server) {
 *   assert.equal(new TextDecoder().decode(bytes), "ping");
 *   await server.send(bytes, from!);
 *   break;
 * }
 * assert.equal((await client.receive()).bytes.length, 4);
 * ```
 */
export class DatagramSocket extends Socket implements AsyncIterable<Datagram> {
  /** Where every message arrives first. */
  #room = new Uint8Array(ROOM);
  #knownFamily: SocketAddress["family"] | undefined;

  /** Our address. */
  get localAddress(): SocketAddress {
    return localAddress(this);
  }

  /** The one peer, if it was connected to one. */
  get remoteAddress(): SocketAddress | null {
    return remoteAddress(this);
  }

  /**
   * Waits for a message, recvmsg(2). It comes whole, however long it is.
   *
   * As long as its error queue has something, the socket counts as ready, and this tries again and
   * again: with `ipReceiveError` and the like take all errors, see {@linkcode receiveError}.
   *
   * @param options How to give up waiting
   * @returns The message and its sender
   * @throws {SyscallError} `ECONNREFUSED` if it is connected and nobody was there for the last
   * message sent; with `ipReceiveError` whatever the network answered
   * @throws {Error} If it is closed, even meanwhile, or was ended for reading and nothing is left;
   * or if somebody who shares the socket took the message that there was room for, so that a
   * longer one was cut
   * @throws {TypeError} If an option is none
   * @throws The signal's reason, or a `TimeoutError`
   */
  receive(options?: WaitOptions): Promise<Datagram> {
    let isFirst = true;
    return whenReadable(this, () => {
      const datagram = this.#next();
      // Ended for reading, it is ready for ever, with nothing to receive.
      if (datagram === null && !isFirst && isEndedForReading(this)) throw new ReadingEnded();
      isFirst = false;
      return datagram;
    }, options);
  }

  #next(): Datagram | null {
    if (!this.#isOfTheInternet && !this.#makeRoom()) return null;
    const received = receiveFrom(this, this.#room, atOnce);
    if (received?.truncated) throw cutMessage();
    return received && {
      bytes: this.#room.slice(0, received.length),
      from: received.from,
    };
  }

  /** Sees to it that the next message fits; there may be none. */
  #makeRoom(): boolean {
    const next = receiveFrom(this, nothing, measuring);
    if (next === null) return false;
    if (next.length > this.#room.length) this.#room = new Uint8Array(next.length);
    return true;
  }

  /**
   * Sends a message, whole or not at all, and waits while there is no room for it. Those that
   * overlap may overtake each other then.
   *
   * @param bytes The message
   * @param to Where to; may be left out if the socket is connected
   * @param options How to give up waiting
   * @returns Resolves when the kernel has it; whether it arrives, nobody knows
   * @throws {SyscallError} `EMSGSIZE` if it is too long; `ECONNREFUSED` or `ENOENT` if there is no
   * such `unix` socket; `EDESTADDRREQ` if there is no `to`; `ENETUNREACH` if no route leads there
   * @throws {Error} If it is closed, even meanwhile
   * @throws {TypeError | RangeError} If `bytes` is no buffer, `to` no address or an option is none
   * @throws The signal's reason, or a `TimeoutError`
   */
  async send(bytes: Bytes, to?: AddressLike, options?: WaitOptions): Promise<void> {
    if (to === undefined) {
      await whenWritable(this, () => send(this, bytes, atOnce), options);
    } else if (this.#family !== "unix") {
      await whenWritable(this, () => sendTo(this, bytes, to, atOnce), options);
    } else {
      await this.#sendWithin(bytes, to, options);
    }
  }

  /**
   * There are two things that a `unix` message may lack room in: what we have sent and nobody has
   * read yet, and the queue of the receiver, which tells only those who are connected to him.
   */
  async #sendWithin(bytes: Bytes, to: AddressLike, options: WaitOptions = {}): Promise<void> {
    const wait = leftOf(options);
    const isSent = () => sendTo(this, bytes, to, atOnce) !== null;
    while (!await whenWritable(this, isSent, wait)) {
      await writable(this, wait);
      await this.#whenRoomAt(to, wait);
    }
  }

  /** Waits with a socket that is connected to the receiver, and that nothing is sent through. */
  async #whenRoomAt(to: AddressLike, wait: WaitOptions): Promise<void> {
    using probe = socket("unix", "datagram");
    const close = () => probe.close();
    const stay = this.beforeClose(close);
    try {
      connect(probe, to);
      await writable(probe, wait);
    } catch (error) {
      // Who is connected to us takes nothing from others, and from us whatever we have room for.
      if ((error as { code?: string } | null)?.code !== "EPERM") throw error;
    } finally {
      stay();
    }
  }

  get #isOfTheInternet(): boolean {
    return this.#family === "ipv4" || this.#family === "ipv6";
  }

  get #family(): SocketAddress["family"] {
    return this.#knownFamily ??= this.localAddress.family;
  }

  /** The messages as they come, until the socket is closed or ended for reading. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Datagram, void, void> {
    while (!this.closed) {
      let datagram: Datagram;
      try {
        datagram = await this.receive();
      } catch (error) {
        if (this.closed || error instanceof ReadingEnded) return;
        throw error;
      }
      yield datagram;
    }
  }
}

class ReadingEnded extends Error {
  constructor() {
    super("Cannot receive: the half for reading was ended");
  }
}

const nothing = new Uint8Array(0);
const measuring = { peek: true, truncate: true, nonBlocking: true } as const;

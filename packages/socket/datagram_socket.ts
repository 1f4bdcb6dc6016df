import { type WaitOptions, whenReadable, whenWritable } from "@posixly/mux";
import type { Bytes } from "@posixly/sys";
import type { AddressLike, SocketAddress } from "./address.ts";
import { connect } from "./connect.ts";
import { socket } from "./create.ts";
import { localAddress, remoteAddress } from "./endpoints.ts";
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

/** The largest message of UDP, and of `unix` unless somebody raised `SO_SNDBUF`. */
const LARGEST = 65_536;

/**
 * A socket for messages: UDP, or `unix` of type `datagram` or `seqpacket`. What {@linkcode udp} and
 * {@linkcode unixDatagram} give; or take over one that came from elsewhere.
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
  /** Where every message arrives first, since nobody knows how long the next will be. */
  readonly #room = new Uint8Array(LARGEST);

  /** Our address. */
  get localAddress(): SocketAddress {
    return localAddress(this);
  }

  /** The one peer, if it was connected to one. */
  get remoteAddress(): SocketAddress | null {
    return remoteAddress(this);
  }

  /**
   * Waits for a message, recvmsg(2). What is longer than 64 KiB, as `unix` messages may be, loses
   * the rest: use `receiveFrom` with a buffer of your own there.
   *
   * @param options How to give up waiting
   * @returns The message and its sender
   * @throws {SyscallError} `ECONNREFUSED` if it is connected and nobody was there for the last
   * message sent
   * @throws {Error} If it is closed, even meanwhile
   * @throws {TypeError} If an option is none
   * @throws The signal's reason, or a `TimeoutError`
   */
  receive(options?: WaitOptions): Promise<Datagram> {
    return whenReadable(this, () => this.#next(), options);
  }

  #next(): Datagram | null {
    const received = receiveFrom(this, this.#room);
    return received && {
      bytes: this.#room.slice(0, received.length),
      from: received.address,
    };
  }

  /**
   * Sends a message, whole or not at all, and waits while there is no room for it.
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
    const attempt = () => to === undefined ? send(this, bytes) : sendTo(this, bytes, to);
    if (to === undefined || this.localAddress.family !== "unix") {
      await whenWritable(this, attempt, options);
    } else {
      await this.#whenRoomAt(to, attempt, options);
    }
  }

  /**
   * Whether somebody's queue is full, `unix` tells only those who are connected to him. So
   * another socket is, which nothing is sent through.
   */
  async #whenRoomAt(
    to: AddressLike,
    attempt: () => number | null,
    options: WaitOptions | undefined,
  ): Promise<void> {
    if (attempt() !== null) return;
    using probe = socket("unix", "datagram");
    connect(probe, to);
    const stay = this.beforeClose(() => probe.close());
    await whenWritable(probe, attempt, options).finally(stay);
  }

  /** The messages as they come, until the socket is closed. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Datagram, void, void> {
    while (!this.closed) {
      let datagram: Datagram;
      try {
        datagram = await this.receive();
      } catch (error) {
        if (this.closed) return;
        throw error;
      }
      yield datagram;
    }
  }
}

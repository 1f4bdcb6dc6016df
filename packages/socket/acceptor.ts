import { eventfd, getFlags, type OwnedFd } from "@posixly/fd";
import { leftOf, type WaitOptions, whenReadable } from "@posixly/mux";
import type { SyscallError } from "@posixly/sys";
import { acceptSocket } from "./accept.ts";
import type { SocketAddress } from "./address.ts";
import { localAddress } from "./endpoints.ts";
import { Pause } from "./pause.ts";
import { Socket } from "./socket.ts";

/**
 * A socket that connections come in at: what {@linkcode Listener} and {@linkcode SeqpacketListener}
 * have in common. For connections that become something of your own.
 *
 * @example Usage
 * ```ts
 * import { Acceptor, Connection, connectTcp, listenTcp } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * class Guest extends Connection {
 *   name = "nobody";
 * }
 * using door = new Acceptor(listenTcp("127.0.0.1:0").release(), Guest);
 * using _client = await connectTcp(door.localAddress);
 * using guest = await door.accept();
 * assert.equal(guest.name, "nobody");
 * ```
 */
export class Acceptor<Accepted extends Socket> extends Socket implements AsyncIterable<Accepted> {
  readonly #kind: new (fd: number) => Accepted;
  /** A descriptor to give up when there are none left. */
  #spare: OwnedFd | undefined;
  #refused = 0;
  #isNonBlocking = false;

  /**
   * Takes over a listening socket that nobody else will close. It must not block, since there is no
   * way to accept from one that does without waiting: see `setFlags` of `@posixly/fd`.
   *
   * @param fd The number
   * @param kind What a connection becomes
   * @throws {TypeError | RangeError} If it is no descriptor's number
   */
  constructor(fd: number, kind: new (fd: number) => Accepted) {
    super(fd);
    this.#kind = kind;
  }

  /** Where it listens. */
  get localAddress(): SocketAddress {
    return localAddress(this);
  }

  /**
   * How many connections were closed at once because this process or the system had no descriptor
   * left for them, see {@linkcode Acceptor.accept}.
   */
  get refused(): number {
    return this.#refused;
  }

  /**
   * Waits for a connection, accept4(2). Those that broke off again before it came to that are
   * passed over.
   *
   * One for which there is no descriptor left is closed, and counted in `refused`; otherwise it
   * would stay in the queue, where it keeps the socket ready, and a loop would spin. A
   * spare descriptor is kept for that. Where even that is lost, or memory is, or there is none to
   * wait with, it is tried again after a while.
   *
   * @param options How to give up waiting
   * @returns The connection
   * @throws {SyscallError} `EINVAL` if it does not listen any more
   * @throws {Error} If the listener is closed, even meanwhile
   * @throws {TypeError} If an option is none, or the socket blocks
   * @throws The signal's reason, or a `TimeoutError`
   */
  async accept(options: WaitOptions = {}): Promise<Accepted> {
    const wait = leftOf(options);
    const pause = new Pause();
    this.#requireNonBlocking();
    for (;;) {
      try {
        return await whenReadable(this, () => this.tryAccept(), wait);
      } catch (error) {
        if (!lacks.includes((error as SyscallError | null)?.code ?? "")) throw error;
      }
      await pause.wait(wait);
    }
  }

  /**
   * Takes the next connection without waiting, for a server made of callbacks. As
   * {@linkcode Acceptor.accept}, it closes what there is no descriptor for.
   *
   * @returns The connection; `null` if there is none now
   * @throws {SyscallError} `EINVAL` if it does not listen any more; `ENOMEM` or `ENOBUFS`, and
   * `EMFILE` or `ENFILE` if not even the spare descriptor is left: the connection stays in the queue
   * then, so try again after a while
   * @throws {Error} If the listener is closed
   * @throws {TypeError} If the socket blocks
   */
  tryAccept(): Accepted | null {
    this.#requireNonBlocking();
    try {
      this.#spare ??= eventfd();
      const accepted = acceptSocket(this);
      return accepted && new this.#kind(accepted.release());
    } catch (error) {
      return this.#refuseInstead(error);
    }
  }

  /** The connections as they come, until the listener is closed. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Accepted, void, void> {
    while (!this.closed) {
      let connection: Accepted;
      try {
        connection = await this.accept();
      } catch (error) {
        if (this.closed) return;
        throw error;
      }
      yield connection;
    }
  }

  /** Closes it; those that wait for a connection end with an error. */
  override close(): void {
    this.#spare?.close();
    super.close();
  }

  /** Gives the socket away, see `OwnedFd`; those that wait for a connection end with an error. */
  override release(): number {
    this.#spare?.close();
    return super.release();
  }

  #requireNonBlocking(): void {
    this.#isNonBlocking ||= getFlags(this).nonBlocking;
    if (!this.#isNonBlocking) throw new TypeError("Cannot wait for a listener that blocks");
  }

  /** Closes the connection that is next, by way of the spare descriptor, if there are no others. */
  #refuseInstead(error: unknown): null {
    const spare = this.#spare;
    const { code } = error as SyscallError;
    if (spare === undefined || code !== "EMFILE" && code !== "ENFILE") throw error;
    this.#spare = undefined;
    spare.close();
    const next = acceptSocket(this);
    if (next !== null) this.#refused++;
    next?.close();
    this.#spare = eventfd();
    return null;
  }
}

/** What may be there again after a while. */
const lacks = ["EMFILE", "ENFILE", "ENOBUFS", "ENOMEM"];

import { open, type OwnedFd } from "@posixly/fd";
import { type WaitOptions, whenReadable } from "@posixly/mux";
import { SyscallError } from "@posixly/sys";
import { acceptSocket } from "./accept.ts";
import type { SocketAddress } from "./address.ts";
import { Connection } from "./connection.ts";
import { localAddress } from "./endpoints.ts";
import { Socket } from "./socket.ts";

/**
 * A socket that connections come in at. What {@linkcode listenTcp} and {@linkcode listenUnix} give;
 * or take over a listening socket that came from elsewhere.
 *
 * @example Usage
 * ```ts
 * import { connectTcp, listenTcp } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * using listener = listenTcp("127.0.0.1:0");
 * using ours = await connectTcp(listener.localAddress);
 * using theirs = await listener.accept();
 * assert.deepEqual(theirs.remoteAddress, ours.localAddress);
 * ```
 */
export class Listener extends Socket implements AsyncIterable<Connection> {
  /** A descriptor to give up when there are none left. */
  #spare: OwnedFd | undefined;
  #refused = 0;

  /** Where it listens. */
  get localAddress(): SocketAddress {
    return localAddress(this);
  }

  /**
   * How many connections were closed at once because this process or the system had no descriptor
   * left for them, see {@linkcode Listener.accept}.
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
   * spare descriptor is kept for that.
   *
   * @param options How to give up waiting
   * @returns The connection
   * @throws {Error} If the listener is closed, even meanwhile
   * @throws {TypeError} If an option is none
   * @throws The signal's reason, or a `TimeoutError`
   */
  accept(options?: WaitOptions): Promise<Connection> {
    return whenReadable(this, () => this.#next(), options);
  }

  /** The connections as they come, until the listener is closed. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Connection, void, void> {
    while (!this.closed) {
      let connection: Connection;
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

  #next(): Connection | null {
    this.#spare ??= open("/dev/null");
    for (;;) {
      try {
        const accepted = acceptSocket(this);
        return accepted && new Connection(accepted.release());
      } catch (error) {
        if (!(error instanceof SyscallError) || !outOfDescriptors.has(error.code)) throw error;
        if (!this.#refuse()) return null;
      }
    }
  }

  /** Closes the connection that is next, by way of the spare descriptor. */
  #refuse(): boolean {
    this.#spare?.close();
    this.#spare = undefined;
    try {
      const next = acceptSocket(this);
      next?.close();
      if (next !== null) this.#refused++;
      return next !== null;
    } finally {
      this.#spare = open("/dev/null");
    }
  }
}

const outOfDescriptors = new Set(["EMFILE", "ENFILE"]);

import type { MappedView } from "@posixly/sys";
import { preparedPacketSocket } from "./create_packet_socket.ts";
import type { PacketSocketOptions } from "./packet_options.ts";
import type { PacketSocket } from "./packet_socket.ts";
import { mapRing } from "./ring_memory.ts";

/**
 * What rings have in common: a socket, memory that the kernel has as well, and an end for both. Made
 * by {@linkcode receiveRing} and {@linkcode transmitRing}.
 *
 * @example Usage
 * ```ts network
 * import { receiveRing, transmitRing } from "@posixly/raw";
 * import assert from "node:assert/strict";
 *
 * for (const open of [receiveRing, transmitRing]) {
 *   const ring = open({ interface: "lo" });
 *   ring.close();
 *   assert.ok(ring.closed && ring.socket.closed);
 * }
 * ```
 */
export class MappedRing implements Disposable {
  readonly #socket: PacketSocket;
  readonly #view: MappedView;
  readonly #ended: () => void;
  #isClosed = false;

  /**
   * Made by its kinds alone.
   *
   * @param socket The socket
   * @param view Its memory
   * @param ended Called once when it ends, when there is nothing to be seen any more
   */
  constructor(socket: PacketSocket, view: MappedView, ended: () => void = () => {}) {
    this.#socket = socket;
    this.#view = view;
    this.#ended = ended;
    socket.beforeClose(() => this.#leave());
  }

  /** The socket behind it: for its options and filters, never to receive or to send by. */
  get socket(): PacketSocket {
    return this.#socket;
  }

  /** Its descriptor: readable when there is a block to read, writable when there is room. */
  get fd(): number {
    return this.#socket.fd;
  }

  /** Whether it was closed. */
  get closed(): boolean {
    return this.#isClosed;
  }

  /**
   * Ends it and gives its memory back. What still looks at it sees nothing or zeros, and frames that
   * wait are not sent. Once is enough.
   *
   * @throws {SyscallError} `ENOMEM` if the kernel has no memory left to do so; it stays open then
   */
  close(): void {
    if (this.#isClosed) return;
    this.#view.close();
    this.#end();
    this.#socket.close();
  }

  #end(): void {
    this.#isClosed = true;
    this.#ended();
  }

  /** Whoever has the socket from us closes it, and must not hear of what fails here. */
  #leave(): void {
    if (this.#isClosed) return;
    this.#end();
    try {
      this.#view.close();
    } catch {
      // The garbage collector tries again, and tells.
    }
  }

  /** Closes it at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }
}

/** Makes a socket and has its ring mapped, before anything comes; closes both if that fails. */
export function opened<R extends MappedRing>(
  options: PacketSocketOptions,
  length: number,
  make: (socket: PacketSocket) => void,
  ringOf: (socket: PacketSocket, view: MappedView) => R,
): R {
  let view: MappedView | undefined;
  try {
    const socket = preparedPacketSocket(options, (created) => {
      make(created);
      view = mapRing(created, length);
    });
    return ringOf(socket, view!);
  } catch (error) {
    view?.close();
    throw error;
  }
}

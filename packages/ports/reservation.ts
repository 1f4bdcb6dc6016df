import { DatagramSocket, listen, Listener, type Socket } from "@posixly/socket";
import { requireKnown } from "@posixly/sys";
import { park } from "./park.ts";

/**
 * A port that is held: whoever else asks for it is told that it is in use. What
 * {@linkcode reservePort} gives.
 *
 * @example Usage
 * ```ts
 * import { type PortReservation, reservePort } from "@posixly/ports";
 * import { connectTcp } from "@posixly/socket";
 *
 * using reservation: PortReservation = reservePort({ host: "127.0.0.1" });
 * using listener = reservation.listen(); // the same socket, never closed in between
 * using client = await connectTcp(`127.0.0.1:${reservation.port}`);
 * ```
 */
export class PortReservation implements Disposable {
  /** The port. */
  readonly port: number;
  #tcp: Socket | null;
  #udp: Socket | null;

  /**
   * For {@linkcode reservePort}.
   *
   * @param port The port
   * @param sockets What is bound to it
   */
  constructor(port: number, sockets: Sockets) {
    this.port = port;
    this.#tcp = sockets.tcp;
    this.#udp = sockets.udp;
  }

  /**
   * The socket of TCP that is bound to the port, and does not listen yet; `null` if none was asked
   * for, or it was handed on. Its descriptor can be lent: to a child process in `stdio`, for one,
   * which has to know that it does not block.
   */
  get tcp(): Socket | null {
    return this.#tcp;
  }

  /** The socket of UDP that is bound to the port; `null` if there is none, or it was handed on. */
  get udp(): Socket | null {
    return this.#udp;
  }

  /**
   * Listens at the port, with the socket that has held it. The listener is the caller's to close;
   * `toNodeServer` of `@posixly/socket` makes a server of `node:net` or `node:http` of it.
   *
   * @param options How many connections may wait to be accepted
   * @returns The listener
   * @throws {SyscallError} `EADDRINUSE` if somebody else listens there who shares the port
   * @throws {Error} If no TCP was reserved, or it was handed on
   */
  listen(options: { readonly backlog?: number } = {}): Listener {
    requireKnown(options, ["backlog"]);
    listen(this.#held("tcp"), options.backlog);
    return new Listener(this.take("tcp").release());
  }

  /**
   * Sends and receives messages at the port, with the socket that has held it.
   *
   * @returns The socket, the caller's to close
   * @throws {Error} If no UDP was reserved, or it was handed on
   */
  datagrams(): DatagramSocket {
    return new DatagramSocket(this.take("udp").release());
  }

  /**
   * Hands on a socket, which is then the caller's to close.
   *
   * @param protocol Which one
   * @returns The socket
   * @throws {Error} If there is none, or it was handed on
   */
  take(protocol: "tcp" | "udp"): Socket {
    const socket = this.#held(protocol);
    if (protocol === "tcp") this.#tcp = null;
    else this.#udp = null;
    return socket;
  }

  /**
   * Lets go of the port so that for a minute only someone who asks for just this one gets it: it is
   * left in TIME_WAIT, and what the kernel chooses by itself is another one. For a server that has
   * to bind by itself, and does so with `SO_REUSEADDR`, as all that listen do by default. The
   * socket of UDP, which knows no such state, is closed.
   *
   * @returns The port
   * @throws {SyscallError} If no connection to oneself can be made
   * @throws {Error} If no TCP was reserved, or it was handed on
   */
  park(): number {
    using socket = this.take("tcp");
    this.close();
    park(socket);
    return this.port;
  }

  /** Lets go of the port: closes what was not handed on. Once is enough. */
  close(): void {
    const [tcp, udp] = [this.#tcp, this.#udp];
    this.#tcp = this.#udp = null;
    try {
      tcp?.close();
    } finally {
      udp?.close();
    }
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #held(protocol: "tcp" | "udp"): Socket {
    const socket = protocol === "tcp" ? this.#tcp : this.#udp;
    if (socket !== null) return socket;
    throw new Error(`port ${this.port} is not held for ${protocol}, or not any more`);
  }
}

/** The sockets of a reservation. */
export interface Sockets {
  readonly tcp: Socket | null;
  readonly udp: Socket | null;
}

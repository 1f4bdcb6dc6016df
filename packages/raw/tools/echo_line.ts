import type { ExactTime } from "@posixly/fd";
import type { QueuedError, SocketAddress } from "@posixly/socket";
import { ECHO, ECHO_HEADER, EchoRequest, identifierIn, sequenceIn, withoutIpv4 } from "./echo.ts";
import { type EchoAsks, echoSocket, type PingWay } from "./echo_socket.ts";
import type { IpFamily } from "./host.ts";
import type { RawSocket } from "../raw_socket.ts";
import { Sounder } from "./sounder.ts";

/** An echo that has come back, or what came back of a request. */
export interface Echo {
  /** Modulo 65536. */
  readonly sequence: number;
  /** Which target it is about; `undefined` if it does not say. */
  readonly index: number | undefined;
}

/** An answer to one of ours. */
export interface EchoReply extends Echo {
  readonly from: SocketAddress;
  readonly ttl: number | undefined;
  readonly arrived: ExactTime | undefined;
  /** How long the message is, with its header. */
  readonly length: number;
}

/** Who is told what comes back. */
export interface EchoListening {
  replied(reply: EchoReply): void;
  refused(echo: Echo, error: QueuedError, arrived: ExactTime | undefined): void;
}

/** Sends echo requests of one family, and knows what comes back to them from all that comes in. */
export class EchoLine implements Disposable {
  readonly family: IpFamily;
  readonly way: PingWay;
  readonly socket: RawSocket;
  readonly sounder: Sounder;
  readonly #identifier: number;
  readonly #request: EchoRequest;

  constructor(family: IpFamily, asks: EchoAsks, size: number, token: number) {
    const { socket, way, identifier } = echoSocket(family, asks);
    this.family = family;
    this.way = way;
    this.socket = socket;
    this.#identifier = identifier;
    this.#request = new EchoRequest(family, size, identifier, token);
    this.sounder = new Sounder(socket, ECHO_HEADER + size);
  }

  /** A request to be sent. */
  request(sequence: number, index: number): Uint8Array<ArrayBuffer> {
    return this.#request.numbered(sequence, index);
  }

  /**
   * Takes what there is.
   *
   * @returns Whether there may be more
   */
  take(listening: EchoListening): boolean {
    const hasHeader = this.way === "raw" && this.family === "ipv4";
    const { request, reply } = ECHO[this.family];
    return this.sounder.take({
      answered: ({ bytes, from, ttl, arrived }) => {
        const message = hasHeader ? withoutIpv4(bytes) : bytes;
        const echo = this.#echoIn(message, reply);
        if (echo === undefined || from === null) return;
        listening.replied({ ...echo, from, ttl, arrived, length: message.length });
      },
      refused: (error, arrived) => {
        const echo = this.#echoIn(error.bytes, request);
        if (echo !== undefined) listening.refused(echo, error, arrived);
      },
    });
  }

  /** A raw socket gets those of everybody; a ping socket has the kernel look at the identifier. */
  #echoIn(message: Uint8Array, type: number): Echo | undefined {
    if (message.length < ECHO_HEADER || message[0] !== type) return undefined;
    if (this.way === "raw" && identifierIn(message) !== this.#identifier) return undefined;
    const index = this.#request.indexIn(message);
    return index === null ? undefined : { sequence: sequenceIn(message), index };
  }

  [Symbol.dispose](): void {
    this.socket.close();
  }
}

import type { Destination } from "./endpoint.ts";

/**
 * What a {@linkcode TcpPool} has to know of its connections: how they are made and closed, and how
 * to see that one died while it rested. {@linkcode connections} and {@linkcode nodeSockets} are two;
 * write your own for the client of a database, or whatever else goes over a connection.
 *
 * @example A client that speaks in lines, over a net.Socket
 * ```ts
 * import { nodeSockets, TcpPool, type Transport, watchNodeSocket } from "@posixly/pool/tcp";
 * import { type HostAndPort, listenTcp } from "@posixly/socket";
 * import assert from "node:assert/strict";
 * import { once } from "node:events";
 * import type { Socket } from "node:net";
 *
 * class Client {
 *   readonly socket: Socket;
 *   constructor(socket: Socket) {
 *     this.socket = socket;
 *   }
 *   async ask(question: string): Promise<string> {
 *     this.socket.write(`${question}\n`);
 *     return String((await once(this.socket, "data"))[0]).trim();
 *   }
 * }
 *
 * const sockets = nodeSockets();
 * const clients: Transport<Client> = {
 *   connect: async (to, signal) => new Client(await sockets.connect(to, signal)),
 *   close: (client) => client.socket.destroy(),
 *   watch: (client, onEvent) => watchNodeSocket(client.socket, onEvent),
 * };
 *
 * using listener = listenTcp("127.0.0.1:0");
 * const serving = (async () => {
 *   using connection = await listener.accept();
 *   for await (const chunk of connection) await connection.write(chunk);
 * })();
 *
 * const pool = new TcpPool({ transport: clients });
 * const to = listener.localAddress as HostAndPort;
 * for (const word of ["hello", "again"]) {
 *   assert.equal(await pool.use(to, (client) => client.ask(word)), word);
 * }
 * assert.equal(pool.stats.created, 1);
 * await pool.close();
 * await serving;
 * ```
 */
export interface Transport<T> extends Care<T> {
  /**
   * Connects.
   *
   * @param to Where, with nothing left to be guessed
   * @param signal Aborts when nobody waits any longer, or it takes too long
   * @returns The connection, ready to be used
   */
  connect(to: Destination, signal: AbortSignal): Promise<T>;
}

/**
 * What is done with connections once they are there, see {@linkcode Transport}.
 *
 * @example Usage
 * ```ts
 * import { type Care, connections } from "@posixly/pool/tcp";
 * import { type Connection, connectionPair } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * const care: Care<Connection> = connections();
 * using pair = connectionPair();
 * assert.ok(care.isIntact!(pair.first, "use"));
 * care.close(pair.first);
 * assert.ok(!care.isIntact!(pair.first, "rest"));
 * ```
 */
export interface Care<T> {
  /** Closes one that is not wanted any more, whatever its state; what it returns is awaited. */
  close(connection: T): unknown;
  /**
   * Begins to look after one that rests: it must be told at once when anything happens to it, for
   * nothing should. It must not keep the program alive.
   *
   * @param connection The connection
   * @param onEvent Called when it ended, broke or received something
   * @returns Ends that, before the connection is used again
   */
  watch?(connection: T, onEvent: () => void): () => void;
  /**
   * Whether it can be used once more, as far as one can tell.
   *
   * @param connection The connection
   * @param after `use` if it was used and is about to rest, `rest` if it is about to be used again
   * @returns Whether it can
   */
  isIntact?(connection: T, after: "use" | "rest"): boolean;
  /**
   * How many bytes have been taken from us to be sent so far, also of one that is dead by now. With
   * it the pool knows what can be done again, see {@linkcode TcpPool.use}.
   */
  taken?(connection: T): number | undefined;
}

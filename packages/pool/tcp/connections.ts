import { watch } from "@posixly/mux";
import {
  type Connection,
  connectTcp,
  receive,
  send,
  type SettableOptions,
  takenToSend,
} from "@posixly/socket";
import { watchful } from "./watchful.ts";
import type { Transport } from "./transport.ts";

const one = new Uint8Array(1);
const none = new Uint8Array(0);
const look = { peek: true, nonBlocking: true } as const;
const atOnce = { nonBlocking: true } as const;
const anything = { readable: true, readHangUp: true, priority: true } as const;

/**
 * Connections of `@posixly/socket`, which a {@linkcode TcpPool} has unless it is told otherwise.
 * They know no TLS.
 *
 * @param options Options of their sockets, beside those that find a dead peer, see
 * {@linkcode watchful}
 * @returns How they are made, closed and looked after
 *
 * @example Usage
 * ```ts
 * import { connections, TcpPool } from "@posixly/pool/tcp";
 * import { getOption, type HostAndPort, listenTcp } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * using listener = listenTcp("127.0.0.1:0");
 * await using pool = new TcpPool({ transport: connections({ noDelay: true }) });
 * using lease = await pool.acquire(listener.localAddress as HostAndPort);
 * assert.ok(getOption(lease.value, "noDelay") && getOption(lease.value, "keepAlive"));
 * ```
 */
export function connections(options: Partial<SettableOptions> = {}): Transport<Connection> {
  const settings = { ...watchful, ...options };
  return {
    connect({ host, port, from, tls }, signal) {
      if (tls) throw new TypeError("A Connection has no TLS: take nodeSockets() as the transport");
      return connectTcp({ host, port }, { from, signal, options: settings });
    },
    close: (connection) => connection.close(),
    watch: watchConnection,
    isIntact: isConnectionIntact,
    taken: (connection) => connection.closed ? undefined : takenToSend(connection),
  };
}

/**
 * Looks after a connection that rests, by way of epoll(7): tells when the other side has ended it
 * or its half of it, when it broke, and when something was received. It does not keep the program
 * alive.
 *
 * @param connection The connection
 * @param onEvent Called when anything happens to it
 * @returns Ends that; call it before the connection is used
 * @throws {Error} If it is closed
 *
 * @example Usage
 * ```ts
 * import { watchConnection } from "@posixly/pool/tcp";
 * import { connectionPair } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * using pair = connectionPair();
 * const keepAlive = setInterval(() => {}, 1000); // the watch does not
 * await new Promise<void>((resolve) => {
 *   const unwatch = watchConnection(pair.first, () => {
 *     unwatch();
 *     resolve();
 *   });
 *   pair.second.close();
 * });
 * clearInterval(keepAlive);
 * ```
 */
export function watchConnection(connection: Connection, onEvent: () => void): () => void {
  const watching = watch(connection, anything, onEvent).unref();
  return () => watching.close();
}

/**
 * Whether a connection at rest can still be used: open at both ends, with nothing to be read. It
 * takes two calls which neither wait nor change anything: a look at what there is to read, recv(2)
 * with `MSG_PEEK`, and sending nothing, which fails where sending something would.
 *
 * @param connection The connection
 * @returns Whether it can, by what has arrived here; the other side may have closed it already
 *
 * @example Usage
 * ```ts
 * import { isConnectionIntact } from "@posixly/pool/tcp";
 * import { connectionPair } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * using pair = connectionPair();
 * assert.ok(isConnectionIntact(pair.first));
 * await pair.second.write(new Uint8Array(1)); // nobody asked for it
 * assert.ok(!isConnectionIntact(pair.first));
 * ```
 */
export function isConnectionIntact(connection: Connection): boolean {
  if (connection.closed) return false;
  try {
    // 0 is the end of it; null says that nothing has come, and that there is no end.
    return receive(connection, one, look) === null && send(connection, none, atOnce) === 0;
  } catch {
    return false; // the error is what was to be found out
  }
}

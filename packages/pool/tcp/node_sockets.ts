import type { Socket } from "node:net";
import type { ConnectionOptions } from "node:tls";
import { connectTcp, type SettableOptions } from "@posixly/socket";
import { adopted, isNodeSocketIntact, watchNodeSocket } from "./node_socket.ts";
import { Tls } from "./tls.ts";
import type { Transport } from "./transport.ts";
import { watchful } from "./watchful.ts";

/**
 * What node:tls is told besides: certificates, versions. Names come from the endpoint.
 *
 * @example Only servers that this authority vouches for
 * ```ts
 * import { nodeSockets, type TlsSettings } from "@posixly/pool/tcp";
 * import { rootCertificates } from "node:tls";
 *
 * const strict: TlsSettings = { ca: rootCertificates[0], minVersion: "TLSv1.3" };
 * const sockets = nodeSockets({ tls: strict });
 * ```
 */
export type TlsSettings = Omit<ConnectionOptions, "socket" | "host" | "port" | "path" | "session">;

/**
 * How a `net.Socket` is made, see {@linkcode nodeSockets}.
 *
 * @example Usage
 * ```ts
 * import { nodeSockets, type NodeSocketsOptions } from "@posixly/pool/tcp";
 *
 * const quick: NodeSocketsOptions = { options: { noDelay: true } };
 * const sockets = nodeSockets(quick);
 * ```
 */
export interface NodeSocketsOptions {
  /** Options of the sockets, beside those that find a dead peer, see {@linkcode watchful}. */
  readonly options?: Partial<SettableOptions>;
  /** What node:tls is told. */
  readonly tls?: TlsSettings;
}

/**
 * Each connection as a `net.Socket` of node:net, and as a `TLSSocket` of node:tls where the
 * endpoint says so, over a descriptor that `@posixly/socket` has connected. Whoever uses one
 * listens to its errors. TLS sessions are resumed where the runtime can.
 *
 * @param options How they are made
 * @returns How they are made, closed and looked after, for a {@linkcode TcpPool}
 *
 * @example Usage
 * ```ts
 * import { nodeSockets, TcpPool } from "@posixly/pool/tcp";
 * import { type HostAndPort, listenTcp } from "@posixly/socket";
 * import assert from "node:assert/strict";
 * import { once } from "node:events";
 *
 * using listener = listenTcp("127.0.0.1:0");
 * const serving = (async () => {
 *   using connection = await listener.accept();
 *   for await (const chunk of connection) await connection.write(chunk);
 * })();
 *
 * const pool = new TcpPool({ transport: nodeSockets() });
 * const echo = await pool.use(listener.localAddress as HostAndPort, async (socket) => {
 *   socket.write("hello");
 *   return String((await once(socket, "data"))[0]);
 * });
 * assert.equal(echo, "hello");
 * await pool.close();
 * await serving;
 * ```
 */
export function nodeSockets(options: NodeSocketsOptions = {}): Transport<Socket> {
  const settings = { ...watchful, ...options.options };
  const tls = new Tls();
  return {
    async connect({ host, port, from, serverName = "", ...to }, signal) {
      const connection = await connectTcp({ host, port }, { from, signal, options: settings });
      const socket = adopted(connection);
      if (!to.tls) return socket;
      const names = { host, servername: serverName };
      return await tls.secure(socket, `${host}:${port}:${serverName}`, {
        ...options.tls,
        ...names,
      }, signal);
    },
    close: (socket) => void socket.destroy(),
    watch: watchNodeSocket,
    isIntact: isNodeSocketIntact,
    // What the socket was given counts as sent: whether the kernel has it, a dead one cannot tell.
    taken: (socket) => socket.bytesWritten,
  };
}

import { Buffer } from "node:buffer";
import { createServer, type Server, Socket as NodeSocket } from "node:net";
import { duplicate, OwnedFd, setFlags } from "@posixly/fd";
import { requireKnown } from "@posixly/sys";
import { Connection } from "./connection.ts";
import type { Listener } from "./listener.ts";

/**
 * A connection that a `net.Socket` was, see {@linkcode fromNodeSocket}.
 *
 * @example Usage
 * ```ts
 * import { connectionPair, fromNodeSocket, type TakenOver, toNodeSocket } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * using pair = connectionPair();
 * const { connection, head }: TakenOver = fromNodeSocket(toNodeSocket(pair.first));
 * assert.equal(head.length, 0);
 * connection.close();
 * ```
 */
export interface TakenOver {
  /** The connection, ours to close. */
  readonly connection: Connection;
  /** What the `net.Socket` had read and nobody has taken from it: it comes before the rest. */
  readonly head: Uint8Array<ArrayBuffer>;
}

/**
 * What kind of `net.Socket` a connection becomes.
 *
 * @example Usage
 * ```ts
 * import { connectionPair, type NodeSocketOptions, toNodeSocket } from "@posixly/socket";
 *
 * const halves: NodeSocketOptions = { allowHalfOpen: true };
 * using pair = connectionPair();
 * toNodeSocket(pair.first, halves).destroy();
 * ```
 */
export interface NodeSocketOptions {
  /** Whether it is not ended by itself when the other side has ended; by default it is. */
  readonly allowHalfOpen?: boolean;
}

/**
 * Gives a connection away, to become a `net.Socket` of node:net: for code that wants one of those.
 * It has the same descriptor, so that nothing is copied or lost.
 *
 * @param connection The connection, which is released
 * @param options Whether it stays open for writing when the other side has ended
 * @returns The socket
 * @throws {Error} If the connection was closed, or the runtime has no `net.Socket` for such a
 * descriptor; then it stays with its owner
 *
 * @example Usage
 * ```ts
 * import { connectionPair, toNodeSocket } from "@posixly/socket";
 * import assert from "node:assert/strict";
 * import { text } from "node:stream/consumers";
 *
 * using pair = connectionPair();
 * const socket = toNodeSocket(pair.first);
 * assert.ok(pair.first.closed); // it is the socket's now
 * await pair.second.write(new TextEncoder().encode("hello"));
 * await pair.second.end();
 * assert.equal(await text(socket), "hello");
 * ```
 */
export function toNodeSocket(
  connection: Connection,
  options: NodeSocketOptions = {},
): NodeSocket {
  requireKnown(options, ["allowHalfOpen"]);
  const { fd } = connection;
  const socket = new NodeSocket({ ...options, fd, readable: true, writable: true });
  connection.release();
  return socket;
}

/**
 * Takes over a `net.Socket` of node:net: for options and messages that node:net does not know. The
 * connection goes on under a duplicate of the descriptor, and the socket is destroyed.
 *
 * @param socket The socket: connected, with nothing left to write, and not of TLS
 * @returns The connection, and what was read from it by then
 * @throws {Error} If the socket is not as described, or the runtime does not tell its descriptor;
 * then it stays as it is
 *
 * @example Usage
 * ```ts
 * import { fromNodeSocket, listenTcp, type HostAndPort, tcpInfo } from "@posixly/socket";
 * import assert from "node:assert/strict";
 * import { once } from "node:events";
 * import { connect } from "node:net";
 *
 * using listener = listenTcp("127.0.0.1:0");
 * const socket = connect((listener.localAddress as HostAndPort).port, "127.0.0.1");
 * await once(socket, "connect");
 * const { connection } = fromNodeSocket(socket);
 * assert.equal(tcpInfo(connection).state, "established");
 * connection.close();
 * ```
 */
export function fromNodeSocket(socket: NodeSocket): TakenOver {
  const wrong = complaintOf(socket);
  if (wrong !== undefined) throw new Error(`Cannot take over a socket that ${wrong}`);
  const connection = new Connection(duplicateNodeSocket(socket).release());
  const chunks: Uint8Array[] = [];
  for (let chunk; (chunk = socket.read()) !== null;) chunks.push(chunk);
  socket.destroy();
  return { connection, head: new Uint8Array(Buffer.concat(chunks)) };
}

/** What keeps a socket from being taken over without a loss. */
function complaintOf(socket: NodeSocket): string | undefined {
  if (socket.destroyed) return "was closed";
  if (socket.connecting) return "is still connecting";
  if ("encrypted" in socket) return "is encrypted by TLS";
  if (socket.readableEncoding !== null) return "was given an encoding";
  if (socket.writableLength > 0) return "is still writing";
  if (socket.writableEnded && !socket.writableFinished) return "is still ending";
}

/**
 * Gives a listener away, to become a server of node:net, or of node:http or anything else that is
 * made of one.
 *
 * @param listener The listener, which is released; its file, if it has one, stays when the server
 * is closed
 * @param server What takes the connections; by default a new `net.Server`
 * @returns The server. It emits `listening`; or `error` if it cannot take such a listener, which
 * stays with its owner then
 * @throws {Error} If the listener was closed
 *
 * @example A web server at a socket that was passed to this program, or at its own
 * ```ts
 * import { type HostAndPort, listenTcp, toNodeServer } from "@posixly/socket";
 * import assert from "node:assert/strict";
 * import { once } from "node:events";
 * import { createServer, get } from "node:http";
 *
 * const listener = listenTcp("127.0.0.1:0"); // or one of inheritedSockets()
 * const { port } = listener.localAddress as HostAndPort;
 * const server = toNodeServer(listener, createServer((_, response) => response.end("hello")));
 * await once(server, "listening");
 *
 * const [response] = await once(get({ port, host: "127.0.0.1", agent: false }), "response");
 * assert.equal(response.statusCode, 200);
 * response.resume();
 * await once(response, "end");
 * server.close();
 * await once(server, "close");
 * ```
 */
export function toNodeServer<S extends Server = Server>(
  listener: Listener,
  server: S = createServer() as S,
): S {
  server.listen({ fd: listener.fd });
  if (server.listening) listener.release();
  return server;
}

/** What stands behind a socket of node:net. The runtimes call it by different names. */
interface Handle {
  /** The descriptor; negative or absent if it is not told. */
  readonly fd?: number;
  /** Makes a duplicate, for another process. */
  fdForIpc?(): number;
}

/**
 * Another descriptor of what stands behind a `net.Socket` of node:net, which goes on as before: for
 * options that node:net does not know, or calls it does not make. What is written here and what is
 * written there are in no order unless the socket has nothing left to write.
 *
 * The connection ends when both are closed.
 *
 * @param socket The socket: connected. Of TLS it is what the encrypted bytes go through
 * @returns The descriptor, ours to close
 * @throws {Error} If the socket was closed, or the runtime does not tell its descriptor
 *
 * @example Usage
 * ```ts
 * import { duplicateNodeSocket, listenTcp, type HostAndPort, setOptions } from "@posixly/socket";
 * import { once } from "node:events";
 * import { connect } from "node:net";
 *
 * using listener = listenTcp("127.0.0.1:0");
 * const socket = connect((listener.localAddress as HostAndPort).port, "127.0.0.1");
 * await once(socket, "connect");
 * using peer = await listener.accept();
 * {
 *   using same = duplicateNodeSocket(socket);
 *   setOptions(same, { userTimeout: 5000 });
 * }
 * socket.end();
 * ```
 */
export function duplicateNodeSocket(socket: NodeSocket): OwnedFd {
  const { _handle: handle } = socket as unknown as { readonly _handle?: Handle | null };
  if (handle?.fd !== undefined && handle.fd >= 0) return duplicate(handle.fd);
  const fd = handle?.fdForIpc?.() ?? -1;
  if (fd < 0) throw new Error("Cannot duplicate a socket of which the runtime tells no descriptor");
  setFlags(fd, { closeOnExec: true });
  return new OwnedFd(fd);
}

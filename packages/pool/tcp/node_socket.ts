import type { Socket } from "node:net";
import { type Connection, receive, toNodeSocket } from "@posixly/socket";

/** Which descriptor is behind a socket; not every runtime tells. */
const descriptors = new WeakMap<Socket, number>();

/** Makes a connection a `net.Socket`, of which the descriptor is known. */
export function adopted(connection: Connection): Socket {
  const { fd } = connection;
  try {
    const socket = toNodeSocket(connection);
    descriptors.set(socket, fd);
    return socket;
  } catch (error) {
    connection.close();
    throw error;
  }
}

/** Says that a socket goes over another one, as TLS does. */
export function over(upper: Socket, lower: Socket): void {
  const fd = descriptors.get(lower);
  if (fd !== undefined) descriptors.set(upper, fd);
}

const events = ["data", "end", "error", "close"] as const;

/**
 * Looks after a `net.Socket` that rests: tells when it received something, when the other side has
 * ended it, and when it broke. It does not keep the program alive.
 *
 * @param socket The socket, or that of whatever client goes over one
 * @param onEvent Called when anything happens to it, perhaps more than once
 * @returns Ends that; call it before the socket is used
 *
 * @example Usage
 * ```ts
 * import { watchNodeSocket } from "@posixly/pool/tcp";
 * import { connectionPair, toNodeSocket } from "@posixly/socket";
 *
 * using pair = connectionPair();
 * const socket = toNodeSocket(pair.first);
 * const keepAlive = setInterval(() => {}, 1000); // the watch does not
 * await new Promise<void>((resolve) => {
 *   watchNodeSocket(socket, resolve);
 *   pair.second.close();
 * });
 * clearInterval(keepAlive);
 * socket.destroy();
 * ```
 */
export function watchNodeSocket(socket: Socket, onEvent: () => void): () => void {
  const wasPaused = socket.isPaused();
  for (const name of events) socket.on(name, onEvent);
  socket.resume(); // it learns of the end by reading
  socket.unref();
  return () => {
    for (const name of events) socket.off(name, onEvent);
    if (wasPaused) socket.pause();
    else if (socket.listenerCount("data") === 0) stopFlowing(socket);
    socket.ref();
  };
}

/** As a new one: it flows once somebody listens, and nothing is lost before. */
function stopFlowing(socket: Socket): void {
  (socket as { readableFlowing: boolean | null }).readableFlowing = null;
}

const one = new Uint8Array(1);
const look = { peek: true, nonBlocking: true } as const;

/**
 * Whether a `net.Socket` at rest can still be used: open at both ends, with nothing to be read. Of
 * those that {@linkcode nodeSockets} has made, the kernel is asked too, recv(2) with `MSG_PEEK`,
 * which knows of what the event loop has not heard yet.
 *
 * @param socket The socket
 * @param after `use` if it is about to rest, when the kernel need not be asked: whoever looks after
 * it hears the same in a moment
 * @returns Whether it can, by what has arrived here; the other side may have closed it already
 *
 * @example Usage
 * ```ts
 * import { isNodeSocketIntact } from "@posixly/pool/tcp";
 * import { connectionPair, toNodeSocket } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * using pair = connectionPair();
 * const socket = toNodeSocket(pair.first);
 * assert.ok(isNodeSocketIntact(socket));
 * socket.destroy();
 * assert.ok(!isNodeSocketIntact(socket));
 * ```
 */
export function isNodeSocketIntact(socket: Socket, after: "use" | "rest" = "rest"): boolean {
  if (socket.destroyed || !socket.readable || !socket.writable) return false;
  if (socket.readableLength > 0) return false;
  const fd = after === "use" ? undefined : descriptors.get(socket);
  return fd === undefined || isQuiet(fd);
}

/** Whether there is nothing to read: no byte, no end, no error. */
function isQuiet(fd: number): boolean {
  try {
    return receive(fd, one, look) === null;
  } catch {
    return false; // the error is what was to be found out
  }
}

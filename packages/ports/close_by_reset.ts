import { setOptions, type Socket } from "@posixly/socket";

/**
 * Closes a connection by a reset: `SO_LINGER` of 0, socket(7). Its port is free at once, with no
 * TIME_WAIT; but what was not sent yet is thrown away, and the peer, which gets `ECONNRESET`, may
 * lose what it has not read. So only once all is said: when the peer's answer was read to its end,
 * for one. A cure for {@linkcode PortExhaustedError}.
 *
 * @param connection The connection; closed even if it is not one
 * @throws {SyscallError} `ENOTSOCK` if it is no socket
 *
 * @example Usage
 * ```ts
 * import { closeByReset } from "@posixly/ports";
 * import { connectTcp, listenTcp } from "@posixly/socket";
 *
 * using server = listenTcp("127.0.0.1:0");
 * const connection = await connectTcp(server.localAddress);
 * closeByReset(connection);
 * ```
 */
export function closeByReset(connection: Socket): void {
  using _ = connection;
  setOptions(connection, { linger: 0 });
}

import { type AsFd, fdOf } from "@posixly/fd";
import { localAddress } from "@posixly/socket";

/**
 * The port of a socket, getsockname(2): the one it was bound to, or the ephemeral one that the
 * kernel chose when it was bound to port 0, connected, made to listen, or sent its first message.
 *
 * A socket that is bound late ({@linkcode bindLate}, `ipBindAddressNoPort`) has none until it is
 * connected: ask after that.
 *
 * @param socket The socket, of IPv4 or IPv6
 * @returns Its port, 1 to 65535; `null` if it has none yet
 * @throws {SyscallError} `ENOTSOCK` if it is no socket
 * @throws {TypeError} If it is a socket of a family without ports, such as `unix`
 *
 * @example Before and after connect
 * ```ts
 * import { localPort } from "@posixly/ports";
 * import { bind, connect, listen, localAddress, socket } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * using server = socket("ipv4", "stream");
 * bind(server, "127.0.0.1:0");
 * listen(server);
 *
 * using client = socket("ipv4", "stream"); // fd = socket(AF_INET, SOCK_STREAM, 0);
 * assert.equal(localPort(client), null);
 * connect(client, localAddress(server)); // connect(fd, &server, sizeof server);
 * assert.ok(localPort(client)! > 0); // getsockname(fd, &local, &length); ntohs(local.sin_port)
 * ```
 */
export function localPort(socket: AsFd): number | null {
  const address = localAddress(fdOf(socket, "socket"));
  if (address.family !== "ipv4" && address.family !== "ipv6") {
    throw new TypeError(`socket must be one with ports, not of the family ${address.family}`);
  }
  return address.port === 0 ? null : address.port;
}

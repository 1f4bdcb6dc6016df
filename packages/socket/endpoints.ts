import { type AsFd, fdOf } from "@posixly/fd";
import { errno, ok } from "@posixly/sys";
import type { SocketAddress } from "./address.ts";
import { libc } from "./libc.ts";
import { addressInRoom, room, roomLength } from "./room.ts";

/**
 * The address of a socket itself, getsockname(2).
 *
 * @param fd The socket
 * @returns Its address; before {@linkcode bind} that is one of zeros, or unnamed
 * @throws {SyscallError} `ENOTSOCK` if it is no socket
 *
 * @example Which port the kernel chose
 * ```ts
 * import { bind, localAddress, socket } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * using server = socket("ipv6", "stream");
 * bind(server, "[::1]:0");
 * const address = localAddress(server);
 * assert.ok(address.family === "ipv6" && address.port > 0);
 * ```
 */
export function localAddress(fd: AsFd): SocketAddress {
  const number = fdOf(fd);
  ok(libc.getsockname(number, room, roomLength()), "getsockname", { fd: number });
  return addressInRoom();
}

/**
 * The address of the peer of a socket, getpeername(2).
 *
 * @param fd The socket
 * @returns The peer's address; `null` if it is not connected: not yet, or no longer
 * @throws {SyscallError} `ENOTSOCK` if it is no socket
 *
 * @example Usage
 * ```ts
 * import { remoteAddress, socket, socketPair } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * using pair = socketPair();
 * assert.deepEqual(remoteAddress(pair.first), { family: "unix" }); // connected to an unnamed one
 * using alone = socket("ipv4", "stream");
 * assert.equal(remoteAddress(alone), null);
 * ```
 */
export function remoteAddress(fd: AsFd): SocketAddress | null {
  const number = fdOf(fd);
  const n = libc.getpeername(number, room, roomLength());
  if (n === -errno.ENOTCONN) return null;
  ok(n, "getpeername", { fd: number });
  return addressInRoom();
}

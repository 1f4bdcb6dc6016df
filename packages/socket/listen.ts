import { type AsFd, fdOf } from "@posixly/fd";
import { ok, requireInteger } from "@posixly/sys";
import { libc } from "./libc.ts";

/**
 * Lets others connect to a socket, listen(2); {@linkcode accept} gives their connections one by
 * one. A TCP socket without an address is given a port here. To listen again changes the backlog.
 *
 * @param fd The socket
 * @param backlog How many connections may wait to be accepted, one more even; -1, the default,
 * is as many as the system allows, `net.core.somaxconn`, which caps any other number too
 * @throws {SyscallError} `EADDRINUSE` if somebody else listens there, or there is no port left;
 * `EOPNOTSUPP` if such a socket cannot listen; `EINVAL` if it is connected, or of `unix` and has
 * no address
 * @throws {TypeError | RangeError} If `backlog` is no such number
 *
 * @example Usage
 * ```ts
 * import { bind, connect, listen, localAddress, socket } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * using server = socket("unix", "stream");
 * bind(server, { family: "unix" });
 * listen(server, 0);
 *
 * using first = socket("unix", "stream");
 * using second = socket("unix", "stream");
 * assert.equal(connect(first, localAddress(server)), true);
 * assert.equal(connect(second, localAddress(server)), null); // no room
 * ```
 */
export function listen(fd: AsFd, backlog = -1): void {
  const number = fdOf(fd);
  requireInteger(backlog, "backlog", -1);
  ok(libc.listen(number, backlog), "listen", { fd: number });
}

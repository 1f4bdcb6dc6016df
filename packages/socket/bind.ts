import { type AsFd, fdOf } from "@posixly/fd";
import { ok } from "@posixly/sys";
import type { AddressLike } from "./address.ts";
import { contextOf } from "./context.ts";
import { AF_INET, AF_INET6, libc } from "./libc.ts";
import { room } from "./room.ts";
import { writeAddress } from "./sockaddr.ts";

/**
 * Gives a socket its own address, bind(2): where others find it, or what they see it come from.
 * Port 0 lets the kernel choose a port, an unnamed `unix` address an abstract name;
 * {@linkcode localAddress} tells which.
 *
 * A path of a `unix` address becomes a file, which stays there when the socket is closed, and must
 * not be there before.
 *
 * @param fd The socket
 * @param address The address
 * @throws {SyscallError} `EADDRINUSE` if somebody has it, or there is no port left to choose;
 * `EADDRNOTAVAIL` if it is not one of this machine; `EACCES` if it takes a right we lack, as ports
 * below 1024 may, or a folder may not be written; `EINVAL` if the socket has one already,
 * and `EINVAL` or `EAFNOSUPPORT` if it is of another family; `ENOENT` or `ENOTDIR` if the path leads nowhere
 * @throws {TypeError | RangeError} If it is no address
 *
 * @example Usage
 * ```ts
 * import { bind, localAddress, socket } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * using server = socket("unix", "datagram");
 * bind(server, { family: "unix", abstract: "posixly-example" });
 * assert.deepEqual(localAddress(server), { family: "unix", abstract: "posixly-example" });
 *
 * using second = socket("unix", "datagram");
 * assert.throws(() => bind(second, localAddress(server)), { code: "EADDRINUSE" });
 * ```
 */
export function bind(fd: AsFd, address: AddressLike): void {
  const number = fdOf(fd);
  const bound = libc.bind(number, room, writeAddress(address, room));
  if (bound >= 0) return;
  // A low port takes a right; what may be missing for a path is another matter.
  const isInternet = room[0] === AF_INET || room[0] === AF_INET6;
  const capability = isInternet ? "CAP_NET_BIND_SERVICE" : undefined;
  ok(bound, "bind", { ...contextOf(number, address), capability });
}

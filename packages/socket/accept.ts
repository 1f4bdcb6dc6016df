import { type AsFd, fdOf } from "@posixly/fd";
import { errno, ok, requireKnown } from "@posixly/sys";
import type { SocketAddress } from "./address.ts";
import { flagsOf, type SocketOptions } from "./create.ts";
import { libc, SOCK_CLOEXEC, SOCK_NONBLOCK } from "./libc.ts";
import { addressInRoom, room, roomLength } from "./room.ts";
import { Socket } from "./socket.ts";

/**
 * A connection that was accepted, see {@linkcode accept}.
 *
 * @example Usage
 * ```ts
 * import { accept, type Accepted, bind, connect, listen, localAddress, socket } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * using server = socket("unix", "stream");
 * bind(server, { family: "unix" });
 * listen(server);
 * using client = socket("unix", "stream");
 * connect(client, localAddress(server));
 *
 * const accepted: Accepted | null = accept(server);
 * assert.equal(accepted?.address.family, "unix");
 * accepted?.socket.close();
 * ```
 */
export interface Accepted {
  /** Our end of it. */
  readonly socket: Socket;
  /** Where it comes from; a `unix` peer that has not bound an address is unnamed. */
  readonly address: SocketAddress;
}

/**
 * Takes the next connection from a socket that listens, accept4(2), close-on-exec.
 *
 * One that was lost before it could be accepted is passed over: `ECONNABORTED`, and the network
 * errors that accept(2) says to try again after. `EOPNOTSUPP` is not among them, since it also
 * means that such a socket cannot listen.
 *
 * With `EMFILE` and `ENFILE` the connection stays where it is, and the socket readable: do not
 * ask again before something was closed.
 *
 * @param fd The socket that listens
 * @param options Whether the new one blocks; it does not have that from the one that listens
 * @returns The connection and its address; `null` if there is none now
 * @throws {SyscallError} `EINVAL` if the socket does not listen, `EOPNOTSUPP` if it cannot,
 * `EMFILE` or `ENFILE` if too many descriptors are open, `EPERM` if a firewall forbids it
 *
 * @example Usage
 * ```ts
 * import { accept, bind, connect, listen, localAddress, socket } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * using server = socket("ipv4", "stream");
 * bind(server, "127.0.0.1:0");
 * listen(server);
 * assert.equal(accept(server), null); // nobody yet
 *
 * using client = socket("ipv4", "stream", "tcp", { nonBlocking: false });
 * connect(client, localAddress(server));
 * const accepted = accept(server)!;
 * assert.deepEqual(accepted.address, localAddress(client));
 * accepted.socket.close();
 * ```
 */
export function accept(fd: AsFd, options?: SocketOptions): Accepted | null {
  const accepted = next(fdOf(fd), room, roomLength(), options);
  return accepted === null ? null : { socket: new Socket(accepted), address: addressInRoom() };
}

/**
 * As {@linkcode accept}, without the address, for a server that is in a hurry:
 * {@linkcode remoteAddress} tells it later.
 *
 * @param fd The socket that listens
 * @param options Whether the new one blocks; it does not have that from the one that listens
 * @returns The connection; `null` if there is none now
 * @throws {SyscallError} As {@linkcode accept} does
 *
 * @example Usage
 * ```ts
 * import { acceptSocket, bind, connect, listen, localAddress, socket } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * using server = socket("unix", "seqpacket");
 * bind(server, { family: "unix" });
 * listen(server);
 * using client = socket("unix", "seqpacket");
 * connect(client, localAddress(server));
 *
 * using connection = acceptSocket(server);
 * assert.ok(connection !== null);
 * assert.equal(acceptSocket(server), null); // that was all
 * ```
 */
export function acceptSocket(fd: AsFd, options?: SocketOptions): Socket | null {
  const accepted = next(fdOf(fd), null, null, options);
  return accepted === null ? null : new Socket(accepted);
}

function next(
  fd: number,
  name: Uint8Array | null,
  length: Uint32Array | null,
  options: SocketOptions | undefined,
): number | null {
  const flags = options === undefined ? SOCK_CLOEXEC | SOCK_NONBLOCK : checked(options);
  for (;;) {
    const accepted = libc.accept4(fd, name, length, flags);
    if (accepted >= 0) return accepted;
    if (accepted === -errno.EAGAIN) return null;
    if (!passedOver.has(-accepted)) ok(accepted, "accept4", { fd });
  }
}

function checked(options: SocketOptions): number {
  requireKnown(options, ["nonBlocking"]);
  return flagsOf(options);
}

/** After these the next connection may be well, accept(2). */
const passedOver = new Set<number>([
  errno.ECONNABORTED,
  errno.EHOSTDOWN,
  errno.EHOSTUNREACH,
  errno.EINTR,
  errno.ENETDOWN,
  errno.ENETUNREACH,
  errno.ENONET,
  errno.ENOPROTOOPT,
  errno.EPROTO,
]);

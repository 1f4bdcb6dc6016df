import { type AsFd, fdOf } from "@posixly/fd";
import { errno, ok, SyscallError } from "@posixly/sys";
import type { AddressLike } from "./address.ts";
import { contextOf } from "./context.ts";
import { AF_UNIX, libc, SO_ERROR } from "./libc.ts";
import { room } from "./room.ts";
import { writeAddress } from "./sockaddr.ts";
import { socketLevel } from "./socket_level.ts";

const { EAGAIN, EALREADY, EINPROGRESS, EINTR } = errno;

/**
 * Connects a socket to a peer, connect(2).
 *
 * A stream between machines takes a while: the answer is `false`, and once the socket is writable
 * {@linkcode connectionError} tells how it went. To a `unix` peer there is a connection at once, or
 * none for now, if too many wait to be accepted: then nothing was begun, and no event says when to
 * ask again.
 *
 * A datagram socket only notes whom to send to, and from then on hears of nobody else; it may be
 * connected to another, and {@linkcode disconnect}ed.
 *
 * @param fd The socket
 * @param address The peer
 * @returns `true` if it is connected; `false` if that is under way; `null` if the peer, of
 * `unix`, has no room for a connection now
 * @throws {SyscallError} `ECONNREFUSED` if nobody listens there; `EADDRNOTAVAIL`, or `EAGAIN` of
 * UDP, if there is no port left; `ENETUNREACH` or `EHOSTUNREACH` if there is no way; `EACCES` or
 * `EPERM` if a path, a firewall or broadcasting is forbidden; `EISCONN` if it is connected;
 * `EPROTOTYPE` if the peer is of another type; `ENOENT` if there is no such path; `ETIMEDOUT`
 * @throws {TypeError | RangeError} If it is no address
 *
 * @example Usage
 * ```ts
 * import { accept, bind, connect, connectionError, listen, localAddress, socket } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * using server = socket("ipv4", "stream", "tcp", { nonBlocking: false });
 * bind(server, "127.0.0.1:0");
 * listen(server);
 *
 * using client = socket("ipv4", "stream");
 * assert.equal(connect(client, localAddress(server)), false); // under way
 * accept(server)!.socket.close();
 * assert.equal(connectionError(client), null); // it went well
 * ```
 */
export function connect(fd: AsFd, address: AddressLike): boolean | null {
  const number = fdOf(fd);
  const length = writeAddress(address, room);
  let n: number;
  // One that blocks and was interrupted goes on connecting, and the next call waits for it.
  do n = libc.connect(number, room, length); while (n === -EINTR);
  if (n === 0) return true;
  if (n === -EINPROGRESS || n === -EALREADY) return false;
  if (n === -EAGAIN && room[0] === AF_UNIX) return null;
  ok(n, "connect", contextOf(number, address));
  return true;
}

/**
 * What went wrong with a connection: the error that waits on a socket, `SO_ERROR` of socket(7).
 * To ask clears it. Ask after {@linkcode connect} was `false` and the socket has become writable;
 * before that, `null` only means that it has not failed yet.
 *
 * A datagram socket that is connected keeps an error here too, such as `ECONNREFUSED` after a
 * message that nobody took.
 *
 * @param fd The socket
 * @returns The error, to be thrown or looked at; `null` if there is none
 * @throws {SyscallError} `ENOTSOCK` if it is no socket
 *
 * @example Usage
 * ```ts
 * import { bind, connect, connectionError, localAddress, send, socket } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * using nobody = socket("ipv4", "datagram");
 * bind(nobody, "127.0.0.1:0");
 * using client = socket("ipv4", "datagram");
 * connect(client, localAddress(nobody));
 * nobody.close();
 *
 * send(client, new Uint8Array(1));
 * assert.equal(connectionError(client)?.code, "ECONNREFUSED");
 * assert.equal(connectionError(client), null); // told once
 * ```
 */
export function connectionError(fd: AsFd): SyscallError | null {
  const number = fdOf(fd);
  const pending = socketLevel(number, SO_ERROR);
  return pending === 0 ? null : new SyscallError(pending, "connect", { fd: number });
}

/** An address of no family, `AF_UNSPEC`. */
const nobody = new Uint8Array(2);

/**
 * Parts a datagram socket from its peer, connect(2) with `AF_UNSPEC`: it hears of everybody again,
 * and needs an address to send. Of its own address there remains what {@linkcode bind} was told; a
 * port that the kernel chose is lost.
 *
 * A TCP socket gives up its connection, which the peer sees as a reset, or stops to listen, and may
 * connect anew.
 *
 * @param fd The socket
 * @throws {SyscallError} `EINVAL` if such a socket cannot be parted, as a stream of `unix`
 *
 * @example Usage
 * ```ts
 * import { connect, disconnect, remoteAddress, socket } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * using client = socket("ipv4", "datagram");
 * connect(client, "127.0.0.1:9");
 * assert.deepEqual(remoteAddress(client), { family: "ipv4", host: "127.0.0.1", port: 9 });
 * disconnect(client);
 * assert.equal(remoteAddress(client), null);
 * ```
 */
export function disconnect(fd: AsFd): void {
  const number = fdOf(fd);
  ok(libc.connect(number, nobody, nobody.length), "connect", { fd: number });
}

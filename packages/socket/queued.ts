import { type AsFd, fdOf } from "@posixly/fd";
import { ok } from "@posixly/sys";
import { FIONREAD, libc, SIOCOUTQ } from "./libc.ts";

/**
 * How much waits in a socket to be received, ioctl(2) with `FIONREAD`.
 *
 * @param fd The socket
 * @returns How many bytes: all of a stream or a `seqpacket` socket, the next message alone of
 * datagrams, so that 0 may be an empty one
 * @throws {SyscallError} `EINVAL` if it listens, `ENOTTY` if such a thing holds no bytes
 *
 * @example Usage
 * ```ts
 * import { queuedToRead, send, socketPair } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * using pair = socketPair();
 * send(pair.first, new Uint8Array(100));
 * assert.equal(queuedToRead(pair.second), 100);
 * ```
 */
export function queuedToRead(fd: AsFd): number {
  return count(fdOf(fd), FIONREAD);
}

/**
 * How much of what was sent has not left a socket, ioctl(2) with `SIOCOUTQ`.
 *
 * @param fd The socket
 * @returns How many bytes: of TCP those that the peer has not acknowledged, of others what they take
 * in memory, which is more
 * @throws {SyscallError} `EINVAL` if it listens, `ENOTTY` if such a thing holds no bytes
 *
 * @example Usage
 * ```ts
 * import { queuedToSend, receive, send, socketPair } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * using pair = socketPair();
 * send(pair.first, new Uint8Array(100));
 * assert.ok(queuedToSend(pair.first) >= 100);
 * receive(pair.second, new Uint8Array(100));
 * assert.equal(queuedToSend(pair.first), 0);
 * ```
 */
export function queuedToSend(fd: AsFd): number {
  return count(fdOf(fd), SIOCOUTQ);
}

function count(fd: number, command: number): number {
  const count = new Int32Array(1);
  ok(libc.ioctl$bytes(fd, command, count), "ioctl", { fd });
  return count[0];
}

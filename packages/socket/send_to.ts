import { type AsFd, fdOf } from "@posixly/fd";
import { byteCount, type Bytes, errno, ok } from "@posixly/sys";
import type { AddressLike } from "./address.ts";
import { contextOf } from "./context.ts";
import { localAddress } from "./endpoints.ts";
import { libc, MSG_NOSIGNAL } from "./libc.ts";
import type { SendOptions } from "./message_flags.ts";
import { room } from "./room.ts";
import { sendBits } from "./send.ts";
import { writeAddress } from "./sockaddr.ts";

const { EAGAIN, EINTR } = errno;

/**
 * Sends a message to an address, sendto(2). A socket of UDP that has no port yet is given one.
 *
 * A `unix` receiver that has no room makes it `null` as well, but the sender stays writable then: no
 * event says when to try again, unless it is connected to that receiver.
 *
 * @param fd A socket of messages
 * @param bytes The message, which may be empty
 * @param address Whom it is for
 * @param options How
 * @returns How many bytes were sent: all; `null` if it would block
 * @throws {SyscallError} `EMSGSIZE` if it is too long; `ENETUNREACH` or `EHOSTUNREACH` if there
 * is no way; `ECONNREFUSED` if nobody has a `unix` address, or an earlier message found nobody;
 * `EACCES` if it is a broadcast that was not allowed; `EAGAIN` if there is no port left for the
 * socket; `EISCONN` if it is connected, of some types; `ENOBUFS` if a card's queue is full
 * @throws {TypeError | RangeError} If `bytes` is no buffer, or a detached or resizable one,
 * `address` no address, or there is no such option
 *
 * @example Usage
 * ```ts
 * import { bind, localAddress, receiveFrom, sendTo, socket } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * using server = socket("ipv6", "datagram");
 * bind(server, "[::1]:0");
 * using client = socket("ipv6", "datagram");
 * sendTo(client, new TextEncoder().encode("ping"), localAddress(server));
 *
 * const buffer = new Uint8Array(1500);
 * const { length, from } = receiveFrom(server, buffer)!;
 * assert.equal(sendTo(server, buffer.subarray(0, length), from!), 4);
 * ```
 */
export function sendTo(
  fd: AsFd,
  bytes: Bytes,
  address: AddressLike,
  options?: SendOptions,
): number | null {
  const number = fdOf(fd);
  const length = byteCount(bytes, "bytes");
  const flags = options === undefined ? MSG_NOSIGNAL : sendBits(options);
  const nameLength = writeAddress(address, room);
  let n: number;
  do n = libc.sendto(number, bytes, length, flags, room, nameLength); while (n === -EINTR);
  if (n >= 0) return n;
  if (n === -EAGAIN && !lacksPort(number)) return null;
  return ok(n, "sendto", contextOf(number, address));
}

/** Whether the kernel found no port for a socket: that is `EAGAIN` too, but no wait would help. */
export function lacksPort(fd: number): boolean {
  const own = localAddress(fd);
  return (own.family === "ipv4" || own.family === "ipv6") && own.port === 0;
}

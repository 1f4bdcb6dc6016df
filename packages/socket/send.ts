import { type AsFd, fdOf } from "@posixly/fd";
import { bitsOf, byteCount, type Bytes, errno, ok } from "@posixly/sys";
import { libc, MSG_NOSIGNAL } from "./libc.ts";
import { sendFlags, type SendOptions } from "./message_flags.ts";

const { EAGAIN, EINTR } = errno;

/**
 * Sends to the peer of a socket, send(2).
 *
 * A stream may take a part only, which is no error. A message goes whole or not at all, and may
 * be of 0 bytes. An interrupted call is begun again. A peer that is gone is an error and never
 * a signal.
 *
 * @param fd The socket
 * @param bytes What to send
 * @param options How
 * @returns How many bytes were taken; `null` if the socket takes nothing now
 * @throws {SyscallError} `EPIPE` or `ECONNRESET` if the peer is gone; `ENOTCONN` or `EDESTADDRREQ`
 * if there is none; `ECONNREFUSED` if an earlier message found nobody; `EMSGSIZE` if a message is
 * too long; `ENOBUFS` if a card's queue is full
 * @throws {TypeError} If `bytes` is no buffer, or a detached or resizable one, or there is no such
 * option
 *
 * @example Usage
 * ```ts
 * import { receive, send, socketPair } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * using pair = socketPair();
 * assert.equal(send(pair.first, new Uint8Array([1, 2, 3])), 3);
 * pair.second.close();
 * assert.throws(() => send(pair.first, new Uint8Array(1)), { code: "EPIPE" });
 * ```
 */
export function send(fd: AsFd, bytes: Bytes, options?: SendOptions): number | null {
  const number = fdOf(fd);
  const length = byteCount(bytes, "bytes");
  const flags = options === undefined ? MSG_NOSIGNAL : sendBits(options);
  let n: number;
  do n = libc.send(number, bytes, length, flags); while (n === -EINTR);
  if (n >= 0) return n;
  return n === -EAGAIN ? null : ok(n, "send", { fd: number });
}

/** The flags of a call that sends, which may have other options. */
export function sendBits(options: SendOptions, others?: readonly string[]): number {
  return bitsOf(sendFlags, options, others) | MSG_NOSIGNAL;
}

import { type AsFd, fdOf } from "@posixly/fd";
import { bitsOf, byteCount, type Bytes, errno, ok } from "@posixly/sys";
import { libc } from "./libc.ts";
import { receiveFlags, type ReceiveOptions } from "./message_flags.ts";

const { EAGAIN, EINTR } = errno;

/**
 * Receives from a socket, recv(2).
 *
 * Of a stream it gives what is there, and 0 at the end, when the peer sends no more. Of messages it
 * gives the next one: what does not fit into the buffer is lost, and 0 is a message of 0 bytes,
 * not an end. For `seqpacket` 0 may be either. A buffer of 0 bytes takes nothing of a stream, but a
 * message all the same. An interrupted call is begun again.
 *
 * @param fd The socket
 * @param into Where the bytes go, from its beginning
 * @param options How
 * @returns How many bytes were received, or with `truncate` the real length of the message, which
 * may be more than `into` holds; `null` if there is nothing now
 * @throws {SyscallError} `ECONNRESET` if the peer was gone without having read all, `ECONNREFUSED`
 * if a message we sent found nobody, `ENOTCONN` if a stream is not connected, `ETIMEDOUT`,
 * `EINVAL` if there is no byte out of band
 * @throws {TypeError} If `into` is no buffer, or a detached or resizable one, or there is no such
 * option
 *
 * @example Usage
 * ```ts
 * import { receive, send, socketPair } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * using pair = socketPair("datagram");
 * send(pair.first, new Uint8Array(5));
 * send(pair.first, new Uint8Array(0));
 *
 * const buffer = new Uint8Array(3);
 * assert.equal(receive(pair.second, buffer, { peek: true, truncate: true }), 5);
 * assert.equal(receive(pair.second, buffer), 3); // the rest is lost
 * assert.equal(receive(pair.second, buffer), 0); // a message
 * assert.equal(receive(pair.second, buffer), null); // nothing
 * ```
 */
export function receive(fd: AsFd, into: Bytes, options?: ReceiveOptions): number | null {
  const number = fdOf(fd);
  const length = byteCount(into, "into");
  const flags = options === undefined ? 0 : bitsOf(receiveFlags, options);
  let n: number;
  do n = libc.recv(number, into, length, flags); while (n === -EINTR);
  if (n >= 0) return n;
  return n === -EAGAIN ? null : ok(n, "recv", { fd: number });
}

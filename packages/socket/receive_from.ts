import { type AsFd, fdOf } from "@posixly/fd";
import { addressOf, bitsOf, byteCount, type Bytes, errno, ok } from "@posixly/sys";
import type { SocketAddress } from "./address.ts";
import { iovec, libc, MSG_TRUNC, msghdr } from "./libc.ts";
import { receiveFlags, type ReceiveOptions } from "./message_flags.ts";
import { room } from "./room.ts";
import { decodeAddress } from "./sockaddr.ts";

/**
 * A message that was received, see {@linkcode receiveFrom}.
 *
 * @example Usage
 * ```ts
 * import { type ReceivedFrom, receiveFrom, send, socketPair } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * using pair = socketPair("datagram");
 * send(pair.first, new Uint8Array(5));
 * const received: ReceivedFrom | null = receiveFrom(pair.second, new Uint8Array(3));
 * assert.deepEqual(received, { length: 3, from: null, truncated: true });
 * ```
 */
export interface ReceivedFrom {
  /**
   * How many bytes were received; with the option `truncate` the real length of the message,
   * which may be more than the buffer holds.
   */
  readonly length: number;
  /** Who sent it; `null` on a connection, and of an unnamed `unix` sender. */
  readonly from: SocketAddress | null;
  /** Whether a part of it did not fit into the buffer, and was lost. */
  readonly truncated: boolean;
}

const { EAGAIN, EINTR } = errno;

// Used again by every call, since no two are ever under way
const headerBytes = new Uint8Array(msghdr.size);
const header = msghdr.view(headerBytes);
const vectorBytes = new Uint8Array(iovec.size);
const vector = iovec.view(vectorBytes);

/**
 * Receives a message and learns who sent it, as recvfrom(2) does; by recvmsg(2), since that alone
 * says whether a part was lost.
 *
 * @param fd The socket
 * @param into Where the bytes go, from its beginning
 * @param options How
 * @returns The length, the sender, and whether all of it fitted; `null` if there is nothing now. A
 * length of 0 is a message without bytes, and only on a stream the end
 * @throws {SyscallError} As {@linkcode receive} does
 * @throws {TypeError} If `into` is no buffer, or a detached or resizable one, or there is no such
 * option
 *
 * @example Usage
 * ```ts
 * import { bind, localAddress, receiveFrom, sendTo, socket } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * using server = socket("ipv4", "datagram");
 * bind(server, "127.0.0.1:0");
 * using client = socket("ipv4", "datagram");
 * bind(client, "127.0.0.1:0");
 *
 * sendTo(client, new Uint8Array(0), localAddress(server));
 * assert.deepEqual(receiveFrom(server, new Uint8Array(16)), {
 *   length: 0,
 *   from: localAddress(client),
 *   truncated: false,
 * });
 * ```
 */
export function receiveFrom(
  fd: AsFd,
  into: Bytes,
  options?: ReceiveOptions,
): ReceivedFrom | null {
  const number = fdOf(fd);
  const flags = options === undefined ? 0 : bitsOf(receiveFlags, options);
  vector.iov_len = byteCount(into, "into");
  vector.iov_base = addressOf(into);
  header.msg_iov = addressOf(vectorBytes);
  header.msg_iovlen = 1;
  header.msg_name = addressOf(room);
  header.msg_namelen = room.length;
  lent.into = into;
  let n: number;
  do n = libc.recvmsg(number, headerBytes, flags); while (n === -EINTR);
  lent.into = undefined;
  if (n === -EAGAIN) return null;
  return {
    length: ok(n, "recvmsg", { fd: number }),
    from: header.msg_namelen === 0 ? null : decodeAddress(room, header.msg_namelen),
    truncated: (header.msg_flags & MSG_TRUNC) !== 0,
  };
}

/** What the kernel has the address of: while it is reachable, the garbage collector lets it be. */
const lent: { into: Bytes | undefined } = { into: undefined };

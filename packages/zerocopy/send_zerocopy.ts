import { type AsFd, fdOf } from "@posixly/fd";
import { ADDRESS_SIZE, type AddressLike, writeAddress } from "@posixly/socket";
import { byteCount, type Bytes, errno, ok, requireBoolean, requireKnown } from "@posixly/sys";
import { isLendable } from "./lendable.ts";
import { libc, MSG_DONTWAIT, MSG_MORE, MSG_NOSIGNAL, MSG_ZEROCOPY } from "./libc.ts";

/**
 * How memory is lent to a socket, see {@linkcode sendZerocopy}.
 *
 * @example Usage
 * ```ts
 * import { setOptions, udp } from "@posixly/socket";
 * import { pages, sendZerocopy, type SendZerocopyOptions } from "@posixly/zerocopy";
 * import assert from "node:assert/strict";
 *
 * using receiver = udp("127.0.0.1:0");
 * using sender = udp("127.0.0.1:0");
 * setOptions(sender, { zeroCopy: true });
 * const there: SendZerocopyOptions = { to: receiver.localAddress };
 * assert.equal(sendZerocopy(sender, pages(1000), there), 1000);
 * ```
 */
export interface SendZerocopyOptions {
  /** Whom a datagram is for; left out of a socket that is connected. */
  readonly to?: AddressLike;
  /** More follows at once: TCP holds it back, UDP makes one message of both. `MSG_MORE`. */
  readonly more?: boolean;
}

const known = ["to", "more"];

/** Where an address is written: no two calls are ever under way. */
const name = new Uint8Array(ADDRESS_SIZE);

/**
 * Lends memory to a socket, send(2) with `MSG_ZEROCOPY`: what goes out are the pages themselves and
 * not a copy. Never waits.
 *
 * **The bytes must not change until the kernel says that it is done**, or what arrives is what they
 * have become. It says so in the error queue of the socket, by the number of the call: each that
 * succeeded counts from 0 on, but for those without bytes on a stream, and `receiveError` of
 * `@posixly/socket` gives the numbers from `info` to `data`. {@linkcode zerocopySender} does all that.
 *
 * Without the option `zeroCopy` of `setOptions` the kernel copies, and never says anything.
 *
 * Only memory of {@linkcode pages}, or of a {@linkcode Mapping}, will do, which is safe to forget at
 * any time.
 *
 * @param socket A socket of TCP, UDP or vsock, or a raw one
 * @param bytes The memory
 * @param options Whom it is for
 * @returns How many bytes were taken, which of a stream may be fewer; `null` if the socket takes none
 * now
 * @throws {SyscallError} `ENOBUFS` if too much is lent already; `EPIPE`, `ECONNRESET` or
 * `ECONNREFUSED` if nobody is left to read; `EMSGSIZE` if a datagram is too long; `ENOTCONN` or
 * `EDESTADDRREQ` if there is nobody to send to; `EFAULT` if the memory is of a file that was cut
 * @throws {TypeError} If `bytes` is no such memory, `to` no address, or an option is not as described
 *
 * @example Usage
 * ```ts
 * import { connectTcp, listenTcp, setOptions } from "@posixly/socket";
 * import { pages, sendZerocopy } from "@posixly/zerocopy";
 * import assert from "node:assert/strict";
 *
 * using listener = listenTcp("127.0.0.1:0");
 * using client = await connectTcp(listener.localAddress);
 * using server = await listener.accept();
 * setOptions(client, { zeroCopy: true });
 *
 * const bytes = pages(20_000);
 * assert.equal(sendZerocopy(client, bytes), 20_000);
 * let n = 0;
 * while (n < 20_000) n += await server.read(new Uint8Array(20_000));
 * ```
 */
export function sendZerocopy(
  socket: AsFd,
  bytes: Bytes,
  options: SendZerocopyOptions = {},
): number | null {
  requireKnown(options, known);
  const { to, more } = options;
  const fd = fdOf(socket, "socket");
  const count = byteCount(bytes, "bytes");
  if (!isLendable(bytes)) {
    throw new TypeError("Only memory of pages() or of a mapping can be lent to a socket");
  }
  const flags = FLAGS | (requireBoolean(more, "more") ? MSG_MORE : 0);
  const address = to === undefined ? null : name;
  const length = to === undefined ? 0 : writeAddress(to, name);
  let n: number;
  do n = libc.sendto(fd, bytes, count, flags, address, length); while (n === -errno.EINTR);
  return n === -errno.EAGAIN ? null : ok(n, "sendto", { fd });
}

const FLAGS = MSG_ZEROCOPY | MSG_DONTWAIT | MSG_NOSIGNAL;

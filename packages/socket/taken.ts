import { type AsFd, fdOf } from "@posixly/fd";
import { ok } from "@posixly/sys";
import * as c from "./libc.ts";
import { ask } from "./sockopt.ts";

const { tcpi_bytes_sent, tcpi_bytes_retrans, tcpi_notsent_bytes } = c.tcpInfo.offsets;

/** What a kernel has filled in that tells all three; used for no longer than a call. */
const answer = new Uint8Array(tcpi_bytes_retrans + 8);
const words = new DataView(answer.buffer);

/**
 * How much of what was sent over TCP the kernel has taken since the connection began, whether or
 * not it has left by now, by `TCP_INFO` of tcp(7). It knows so also of a connection that has
 * broken. The difference of two such numbers tells whether what failed in between was sent in part,
 * or not at all, so that it may be sent again elsewhere.
 *
 * @param fd The socket, of TCP
 * @returns How many bytes; `undefined` if the kernel does not tell: before Linux 4.19
 * @throws {SyscallError} `ENOPROTOOPT` or `EOPNOTSUPP` if it is a socket of something else,
 * `ENOTSOCK` if it is none
 *
 * @example Usage
 * ```ts
 * import { connectTcp, listenTcp, takenToSend } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * using listener = listenTcp("127.0.0.1:0");
 * using client = await connectTcp(listener.localAddress);
 * await client.write(new Uint8Array(100));
 *
 * const before = takenToSend(client);
 * (await listener.accept()).reset();
 * await assert.rejects(client.read(new Uint8Array(1)), { code: "ECONNRESET" });
 * await assert.rejects(client.write(new Uint8Array(100)), { code: "EPIPE" });
 * assert.equal(takenToSend(client), before);
 * ```
 */
export function takenToSend(fd: AsFd): number | undefined {
  const number = fdOf(fd);
  const { result, size } = ask(number, c.IPPROTO_TCP, c.TCP_INFO, answer);
  ok(result, "getsockopt", { fd: number });
  if (size < answer.length) return undefined;
  const onItsWay = count(tcpi_bytes_sent) - count(tcpi_bytes_retrans);
  return onItsWay + words.getUint32(tcpi_notsent_bytes, true);
}

/** Numbers of 64 bits without a bigint: nothing has sent 2 ** 53 bytes. */
function count(offset: number): number {
  return words.getUint32(offset, true) + words.getUint32(offset + 4, true) * 2 ** 32;
}

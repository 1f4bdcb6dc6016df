import { type AsFd, fdOf } from "@posixly/fd";
import { ok } from "@posixly/sys";
import { libc } from "./libc.ts";

/**
 * Whether reading has come to the mark that a byte out of band has left in a stream, sockatmark(3).
 * What is read never goes past the mark in one call, so that it can be met.
 *
 * TCP and, since Linux 5.15, `unix` streams let one byte go ahead of the others: it is sent and
 * received with `outOfBand`, is not among the rest, and the mark is where it would have been.
 *
 * @param fd The socket
 * @returns Whether the next byte to be read is the first after the mark
 * @throws {SyscallError} `ENOTTY`, `EINVAL` or `EOPNOTSUPP` if such a socket has no marks, or it is
 * none
 *
 * @example Usage
 * ```ts
 * import { atMark, receive, send, socketPair } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * using pair = socketPair();
 * send(pair.first, new Uint8Array([1, 2, 3]));
 * send(pair.first, new Uint8Array([99]), { outOfBand: true });
 * send(pair.first, new Uint8Array([4]));
 *
 * const buffer = new Uint8Array(16);
 * receive(pair.second, buffer, { outOfBand: true });
 * assert.equal(buffer[0], 99); // ahead of the others
 * assert.equal(receive(pair.second, buffer), 3); // up to the mark
 * assert.equal(atMark(pair.second), true);
 * assert.equal(receive(pair.second, buffer), 1);
 * ```
 */
export function atMark(fd: AsFd): boolean {
  const number = fdOf(fd);
  return ok(libc.sockatmark(number), "sockatmark", { fd: number }) === 1;
}

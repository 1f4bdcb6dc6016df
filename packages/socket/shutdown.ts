import { type AsFd, fdOf } from "@posixly/fd";
import { ok, oneOf } from "@posixly/sys";
import { libc, SHUT_RD, SHUT_RDWR, SHUT_WR } from "./libc.ts";

const halves = { read: SHUT_RD, write: SHUT_WR, both: SHUT_RDWR };

/**
 * Ends one direction of a connection, or both, shutdown(2), and leaves the descriptor open. It is
 * the connection that ends, for every duplicate and process that has it.
 *
 * @param fd The socket
 * @param half `write` says that nothing more is sent: the peer reads up to there, and then 0.
 * `read` says that nothing more is wanted: reading is 0 once what is there was read, and a `unix`
 * peer that sends gets `EPIPE`, while TCP takes no notice. A datagram socket counts as readable
 * from then on, also with nothing to receive
 * @throws {SyscallError} `ENOTCONN` if it is not connected, of UDP after the deed; `ENOTSOCK` if it
 * is no socket
 * @throws {TypeError} If there is no such half
 *
 * @example Usage
 * ```ts
 * import { receive, send, shutdown, socketPair } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * using pair = socketPair();
 * send(pair.first, new Uint8Array([1, 2, 3]));
 * shutdown(pair.first, "write");
 *
 * const buffer = new Uint8Array(16);
 * assert.equal(receive(pair.second, buffer), 3);
 * assert.equal(receive(pair.second, buffer), 0); // the end
 * assert.equal(send(pair.second, buffer), 16); // the other way goes on
 * ```
 */
export function shutdown(fd: AsFd, half: "read" | "write" | "both"): void {
  const number = fdOf(fd);
  ok(libc.shutdown(number, oneOf(halves, half, "half")), "shutdown", { fd: number });
}

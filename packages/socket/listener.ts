import { Acceptor } from "./acceptor.ts";
import { Connection } from "./connection.ts";

/**
 * A socket that connections come in at. What {@linkcode listenTcp} and {@linkcode listenUnix} give;
 * or take over a listening socket that came from elsewhere.
 *
 * @example Usage
 * ```ts
 * import { connectTcp, listenTcp } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * using listener = listenTcp("127.0.0.1:0");
 * using ours = await connectTcp(listener.localAddress);
 * using theirs = await listener.accept();
 * assert.deepEqual(theirs.remoteAddress, ours.localAddress);
 * ```
 */
export class Listener extends Acceptor<Connection> {
  /**
   * Takes over a listening socket that nobody else will close. It must not block, since there is no
   * way to accept from one that does without waiting: see `setFlags` of `@posixly/fd`.
   *
   * @param fd The number
   * @throws {TypeError | RangeError} If it is no descriptor's number
   */
  constructor(fd: number) {
    super(fd, Connection);
  }
}

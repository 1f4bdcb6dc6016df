import { Acceptor } from "./acceptor.ts";
import { SeqpacketConnection } from "./seqpacket_connection.ts";

/**
 * A socket that connections for messages come in at. What {@linkcode listenSeqpacket} gives; or
 * take over a listening socket that came from elsewhere.
 *
 * @example Usage
 * ```ts
 * import { connectSeqpacket, listenSeqpacket, type SeqpacketListener } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * using listener: SeqpacketListener = listenSeqpacket({ family: "unix" });
 * using ours = await connectSeqpacket(listener.localAddress);
 * using theirs = await listener.accept();
 * await theirs.send(new Uint8Array(3));
 * assert.equal((await ours.receive())?.length, 3);
 * ```
 */
export class SeqpacketListener extends Acceptor<SeqpacketConnection> {
  /**
   * Takes over a listening socket that nobody else will close. It must not block.
   *
   * @param fd The number
   * @throws {TypeError | RangeError} If it is no descriptor's number
   */
  constructor(fd: number) {
    super(fd, SeqpacketConnection);
  }
}

import type { AddressLike } from "./address.ts";
import type { ConnectOptions } from "./connect_tcp.ts";
import { SeqpacketConnection } from "./seqpacket_connection.ts";
import { SeqpacketListener } from "./seqpacket_listener.ts";
import { connectAt, listenAt, type UnixListenOptions } from "./unix_connections.ts";

/**
 * Listens for connections of this machine that messages go through, `seqpacket` of unix(7). As
 * {@linkcode listenUnix} otherwise.
 *
 * @param address Where: a path, an abstract name, or `{ family: "unix" }` to let the kernel choose
 * @param options How
 * @returns The listener
 * @throws As {@linkcode listenUnix}
 *
 * @example Usage
 * ```ts
 * import { connectSeqpacket, listenSeqpacket } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * using listener = listenSeqpacket({ family: "unix" });
 * using ours = await connectSeqpacket(listener.localAddress);
 * using theirs = await listener.accept();
 * await ours.send(new Uint8Array(3));
 * await ours.send(new Uint8Array(4));
 * assert.equal((await theirs.receive())?.length, 3); // not 7
 * ```
 */
export function listenSeqpacket(
  address: AddressLike,
  options: UnixListenOptions = {},
): SeqpacketListener {
  return listenAt(address, "seqpacket", SeqpacketListener, options);
}

/**
 * Connects to a listener of this machine for messages, `seqpacket` of unix(7). As
 * {@linkcode connectUnix} otherwise.
 *
 * @param address Where: a path or an abstract name
 * @param options How
 * @returns The connection
 * @throws As {@linkcode connectUnix}
 *
 * @example Usage
 * ```ts
 * import { connectSeqpacket, listenSeqpacket } from "@posixly/socket";
 *
 * using listener = listenSeqpacket({ family: "unix" });
 * using connection = await connectSeqpacket(listener.localAddress);
 * await connection.send(new TextEncoder().encode("hello"));
 * ```
 */
export function connectSeqpacket(
  address: AddressLike,
  options: ConnectOptions = {},
): Promise<SeqpacketConnection> {
  return connectAt(address, "seqpacket", SeqpacketConnection, options);
}

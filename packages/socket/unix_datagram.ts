import { requireBoolean, requireKnown } from "@posixly/sys";
import type { AddressLike } from "./address.ts";
import { connect } from "./connect.ts";
import { socket } from "./create.ts";
import { DatagramSocket } from "./datagram_socket.ts";
import { setOptions, type SettableOptions } from "./options.ts";
import { bindAt, unixAddress } from "./unix_address.ts";

/**
 * What kind of socket for messages of this machine.
 *
 * @example Usage
 * ```ts
 * import { unixDatagram, type UnixDatagramOptions } from "@posixly/socket";
 *
 * using server = unixDatagram({ family: "unix" });
 * const toServer: UnixDatagramOptions = { peer: server.localAddress };
 * using client = unixDatagram(undefined, toServer);
 * await client.send(new Uint8Array(3));
 * ```
 */
export interface UnixDatagramOptions {
  /** The one peer it talks to, connect(2). */
  readonly peer?: AddressLike;
  /** Options of the socket, set before it gets its address. */
  readonly options?: Partial<SettableOptions>;
  /**
   * Whether to remove a socket that a program which died has left at the path; by default not.
   */
  readonly replaceStale?: boolean;
}

/**
 * A socket for messages of this machine, unix(7): what sd_notify(3), syslog(3) and many a daemon
 * listen at. Messages arrive whole, in order, and none is lost: the sender waits. A socket in the
 * file system is removed when it is closed.
 *
 * @param address Our address, which answers go to: a path, an abstract name, or nothing for a socket
 * that only sends
 * @param options A peer that all messages go to, options of the socket
 * @returns The socket
 * @throws {SyscallError} `EADDRINUSE` if there is something at that path; `ENOENT` or `ECONNREFUSED`
 * if there is no such peer
 * @throws {TypeError | RangeError} If an address is none of this machine, or an option is none
 *
 * @example As a service tells systemd that it is ready
 * ```ts
 * import { unixDatagram } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * using manager = unixDatagram({ family: "unix" }); // stands in for $NOTIFY_SOCKET
 * using notify = unixDatagram(undefined, { peer: manager.localAddress });
 * await notify.send(new TextEncoder().encode("READY=1"));
 * const { bytes } = await manager.receive();
 * assert.equal(new TextDecoder().decode(bytes), "READY=1");
 * ```
 */
export function unixDatagram(
  address?: AddressLike,
  options: UnixDatagramOptions = {},
): DatagramSocket {
  requireKnown(options, ["options", "peer", "replaceStale"]);
  const { options: settings = {}, replaceStale } = options;
  requireBoolean(replaceStale, "replaceStale");
  const at = address === undefined ? undefined : unixAddress(address);
  const peer = options.peer === undefined ? undefined : unixAddress(options.peer);
  const created = new DatagramSocket(socket("unix", "datagram").release());
  try {
    setOptions(created, settings);
    if (at !== undefined) bindAt(created, at, replaceStale);
    if (peer !== undefined) connect(created, peer);
    return created;
  } catch (error) {
    created.close();
    throw error;
  }
}

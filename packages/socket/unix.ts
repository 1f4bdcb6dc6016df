import { stat } from "@posixly/fd";
import { cstring, ok, requireBoolean, requireKnown, type SyscallError } from "@posixly/sys";
import type { AddressLike, UnixAddress } from "./address.ts";
import { bind } from "./bind.ts";
import { connect } from "./connect.ts";
import { Connection } from "./connection.ts";
import { socket } from "./create.ts";
import { DatagramSocket } from "./datagram_socket.ts";
import { establish } from "./establish.ts";
import { libc } from "./libc.ts";
import { listen } from "./listen.ts";
import { Listener } from "./listener.ts";
import { setOptions } from "./options.ts";
import { parseAddress } from "./parse_address.ts";
import type { Socket } from "./socket.ts";
import type { ConnectOptions, ListenOptions } from "./tcp.ts";

/**
 * How to listen at a path.
 *
 * @example Usage
 * ```ts
 * import { listenUnix, type UnixListenOptions } from "@posixly/socket";
 *
 * const again: UnixListenOptions = { replaceStale: true };
 * using listener = listenUnix("/tmp/posixly-example.sock", again);
 * ```
 */
export interface UnixListenOptions extends ListenOptions {
  /**
   * Whether to remove a socket that a program which died has left at the path; by default not.
   * One that somebody listens at stays, and so does what is no socket.
   */
  readonly replaceStale?: boolean;
}

/**
 * Listens for connections of this machine, unix(7). A socket in the file system is removed when
 * the listener is closed.
 *
 * @param address Where: a path, an abstract name, or `{ family: "unix" }` to let the kernel choose
 * @param options How
 * @returns The listener
 * @throws {SyscallError} `EADDRINUSE` if there is something at that path, or somebody has that name;
 * `ENOENT`, `ENOTDIR` or `EACCES` because of the path's folder
 * @throws {TypeError | RangeError} If the address is none of this machine, or an option is none
 *
 * @example Usage
 * ```ts
 * import { connectUnix, listenUnix, peerCredentials } from "@posixly/socket";
 * import assert from "node:assert/strict";
 * import process from "node:process";
 *
 * using listener = listenUnix({ family: "unix" });
 * using ours = await connectUnix(listener.localAddress);
 * using theirs = await listener.accept();
 * assert.equal(peerCredentials(theirs)!.pid, process.pid);
 * ```
 */
export function listenUnix(address: AddressLike, options: UnixListenOptions = {}): Listener {
  requireKnown(options, ["backlog", "options", "replaceStale"]);
  const { backlog, options: settings = {}, replaceStale } = options;
  requireBoolean(replaceStale, "replaceStale");
  const at = unixAddress(address);
  const listener = new Listener(socket("unix", "stream").release());
  try {
    setOptions(listener, settings);
    bindFresh(listener, at, replaceStale ? "stream" : undefined);
    listen(listener, backlog);
    return listener;
  } catch (error) {
    listener.close();
    throw error;
  }
}

/**
 * Connects to a listener of this machine, unix(7). While the listener's queue is full it is tried
 * again, since nothing in the kernel tells when it is not.
 *
 * @param address Where: a path or an abstract name
 * @param options How
 * @returns The connection
 * @throws {SyscallError} `ENOENT` if there is nothing; `ECONNREFUSED` if nobody listens there;
 * `EACCES` if we may not; `EPROTOTYPE` if it is a socket of another type
 * @throws {TypeError | RangeError} If the address is none of this machine, or an option is none
 * @throws The signal's reason, or a `TimeoutError`
 *
 * @example Usage
 * ```ts
 * import { connectUnix, listenUnix } from "@posixly/socket";
 *
 * using listener = listenUnix({ family: "unix" });
 * using connection = await connectUnix(listener.localAddress);
 * await connection.write(new TextEncoder().encode("hello"));
 * ```
 */
export async function connectUnix(
  address: AddressLike,
  options: ConnectOptions = {},
): Promise<Connection> {
  requireKnown(options, ["from", "options", "signal", "timeout"]);
  const { from, options: settings = {}, ...wait } = options;
  const to = unixAddress(address);
  const connection = new Connection(socket("unix", "stream").release());
  try {
    setOptions(connection, settings);
    if (from !== undefined) bindFresh(connection, unixAddress(from));
    await establish(connection, to, wait);
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

/**
 * A socket for messages of this machine, unix(7): what sd_notify(3), syslog(3) and many a daemon
 * listen at. Messages arrive whole, in order, and none is lost: the sender waits. A socket in the
 * file system is removed when it is closed.
 *
 * @param address Our address, which answers go to: a path, an abstract name, or nothing for a socket
 * that only sends
 * @param options A peer that all messages go to
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
  requireKnown(options, ["peer", "replaceStale"]);
  requireBoolean(options.replaceStale, "replaceStale");
  const created = new DatagramSocket(socket("unix", "datagram").release());
  try {
    if (address !== undefined) {
      bindFresh(created, unixAddress(address), options.replaceStale ? "datagram" : undefined);
    }
    if (options.peer !== undefined) connect(created, unixAddress(options.peer));
    return created;
  } catch (error) {
    created.close();
    throw error;
  }
}

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
  /**
   * Whether to remove a socket that a program which died has left at the path; by default not.
   */
  readonly replaceStale?: boolean;
}

/** Binds, and has the file removed when the socket is closed. */
function bindFresh(
  bound: Socket,
  address: UnixAddress,
  replaced?: "stream" | "datagram",
): void {
  const { path } = address;
  try {
    bind(bound, address);
  } catch (error) {
    const mayReplace = replaced !== undefined && (error as SyscallError).code === "EADDRINUSE";
    if (!mayReplace || path === undefined || !isStale(path, replaced)) throw error;
    ok(libc.unlink(cstring(path)), "unlink");
    bind(bound, address);
  }
  if (path !== undefined) bound.unlinkOnClose(path);
}

/** Whether there is a socket at whose other end nobody is any more. */
function isStale(path: string | Uint8Array, type: "stream" | "datagram"): boolean {
  if (stat(path, { noFollow: true }).kind !== "socket") return false;
  using probe = socket("unix", type);
  try {
    connect(probe, { family: "unix", path });
    return false;
  } catch (refusal) {
    return (refusal as SyscallError).code === "ECONNREFUSED";
  }
}

function unixAddress(address: AddressLike): UnixAddress {
  if (typeof address === "string") {
    return address.startsWith("unix:")
      ? unixAddress(parseAddress(address))
      : { family: "unix", path: address };
  }
  if (address?.family === "unix") return address;
  throw new TypeError('address must be one of this machine: a path or { family: "unix", … }');
}

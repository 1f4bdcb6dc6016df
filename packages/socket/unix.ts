import type { AddressLike } from "./address.ts";
import { Connection } from "./connection.ts";
import type { ConnectOptions } from "./connect_tcp.ts";
import { Listener } from "./listener.ts";
import { connectAt, listenAt, type UnixListenOptions } from "./unix_connections.ts";

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
  return listenAt(address, "stream", Listener, options);
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
export function connectUnix(
  address: AddressLike,
  options: ConnectOptions = {},
): Promise<Connection> {
  return connectAt(address, "stream", Connection, options);
}

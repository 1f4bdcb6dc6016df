import { lookup } from "node:dns/promises";
import { signalOf, type WaitOptions } from "@posixly/mux";
import { requireKnown } from "@posixly/sys";
import type { AddressLike } from "./address.ts";
import { bind } from "./bind.ts";
import { Connection } from "./connection.ts";
import { socket } from "./create.ts";
import { establish } from "./establish.ts";
import { type InternetAddress, internetAddress } from "./internet_address.ts";
import { listen } from "./listen.ts";
import { Listener } from "./listener.ts";
import { setOptions, type SettableOptions } from "./options.ts";

/**
 * How to listen.
 *
 * @example Several listeners at one port, among which the kernel deals out the connections
 * ```ts
 * import { type ListenOptions, listenTcp } from "@posixly/socket";
 *
 * const group: ListenOptions = { options: { reusePort: true, noDelay: true } };
 * using first = listenTcp("127.0.0.1:0", group);
 * using second = listenTcp(first.localAddress, group); // in another Worker, as a rule
 * ```
 */
export interface ListenOptions {
  /**
   * How many connections may wait to be accepted; by default as many as the system allows,
   * `/proc/sys/net/core/somaxconn`.
   */
  readonly backlog?: number;
  /** Options of the socket, set before it gets its address; connections inherit most of them. */
  readonly options?: Partial<SettableOptions>;
}

/**
 * Listens for connections of TCP: socket(2), bind(2) and listen(2) in one. A port that a listener
 * has just left may be taken at once, `SO_REUSEADDR`.
 *
 * @param address Where, an address of the internet; port 0 lets the kernel choose, and
 * `[::]:80` is every address of this machine, of version 4 as well
 * @param options How
 * @returns The listener
 * @throws {SyscallError} `EADDRINUSE` if somebody listens there; `EADDRNOTAVAIL` if this machine has
 * no such address; `EACCES` if the port takes `CAP_NET_BIND_SERVICE`
 * @throws {TypeError | RangeError} If the address is none of the internet, or an option is none
 *
 * @example Usage
 * ```ts
 * import { connectTcp, listenTcp } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * using listener = listenTcp("127.0.0.1:0");
 * const client = await connectTcp(listener.localAddress);
 * const server = await listener.accept();
 * await server.write(new TextEncoder().encode("welcome"));
 * server.close();
 * assert.equal((await client.readAll()).length, 7);
 * client.close();
 * ```
 */
export function listenTcp(address: AddressLike, options: ListenOptions = {}): Listener {
  requireKnown(options, ["backlog", "options"]);
  const at = internetAddress(address);
  const listener = new Listener(socket(at.family, "stream").release());
  try {
    setOptions(listener, { reuseAddress: true, ...options.options });
    bind(listener, at);
    listen(listener, options.backlog);
    return listener;
  } catch (error) {
    listener.close();
    throw error;
  }
}

/**
 * How to connect.
 *
 * @example Usage
 * ```ts
 * import { connectTcp, type ConnectOptions, listenTcp } from "@posixly/socket";
 *
 * const careful: ConnectOptions = { timeout: 5000, options: { noDelay: true, userTimeout: 10_000 } };
 * using listener = listenTcp("127.0.0.1:0");
 * using connection = await connectTcp(listener.localAddress, careful);
 * ```
 */
export interface ConnectOptions extends WaitOptions {
  /** Which address of ours to connect from; by default the kernel chooses. */
  readonly from?: AddressLike;
  /** Options of the socket, set before it connects. */
  readonly options?: Partial<SettableOptions>;
}

/**
 * Where to connect to, by a name.
 *
 * @example Usage
 * ```ts
 * import { connectTcp, type HostAndPort, listenTcp } from "@posixly/socket";
 *
 * using listener = listenTcp("127.0.0.1:0");
 * const { port } = listener.localAddress as HostAndPort;
 * using connection = await connectTcp({ host: "localhost", port });
 * ```
 */
export interface HostAndPort {
  /** A name, which is looked up as the system does, or an address. */
  readonly host: string;
  /** The port. */
  readonly port: number;
}

/**
 * Connects to a server by TCP: socket(2) and connect(2), without holding up anything else. A name
 * may stand for several addresses; they are tried one after the other, within `timeout` all in
 * all.
 *
 * @param to Where: an address, or a host by name and a port
 * @param options How
 * @returns The connection
 * @throws {SyscallError} `ECONNREFUSED` if nobody listens there; `ETIMEDOUT`, `EHOSTUNREACH` or
 * `ENETUNREACH` if no answer comes; `EADDRNOTAVAIL` if no port is left to connect from
 * @throws {Error} As node:dns has them, if the name is not known
 * @throws {TypeError | RangeError} If the address is none of the internet, or an option is none
 * @throws The signal's reason, or a `TimeoutError`
 *
 * @example Usage
 * ```ts
 * import { connectTcp, listenTcp } from "@posixly/socket";
 *
 * using listener = listenTcp("127.0.0.1:0");
 * using connection = await connectTcp(listener.localAddress, { timeout: 1000 });
 * await connection.write(new TextEncoder().encode("hello"));
 * ```
 */
export async function connectTcp(
  to: AddressLike | HostAndPort,
  options: ConnectOptions = {},
): Promise<Connection> {
  requireKnown(options, ["from", "options", "signal", "timeout"]);
  const { from, options: settings = {}, ...wait } = options;
  const signal = signalOf(wait);
  const own = from === undefined ? undefined : internetAddress(from);
  let failure: unknown;
  for (const address of await addressesOf(to)) {
    signal?.throwIfAborted();
    const connection = new Connection(socket(address.family, "stream").release());
    try {
      setOptions(connection, settings);
      if (own !== undefined) bind(connection, own);
      await establish(connection, address, signal && { signal });
      return connection;
    } catch (error) {
      connection.close();
      failure = error;
    }
  }
  throw failure;
}

async function addressesOf(to: AddressLike | HostAndPort): Promise<InternetAddress[]> {
  if (typeof to === "string" || "family" in to) return [internetAddress(to)];
  requireKnown(to, ["host", "port"]);
  const found = await lookup(to.host, { all: true });
  return found.map(({ address, family }) =>
    internetAddress(`${family === 4 ? address : `[${address}]`}:${to.port}`)
  );
}

import { lookup } from "node:dns/promises";
import { leftOf, unlessGivenUp, type WaitOptions } from "@posixly/mux";
import { errno, requireInteger, requireKnown, SyscallError } from "@posixly/sys";
import type { AddressLike } from "./address.ts";
import { bind } from "./bind.ts";
import { Connection } from "./connection.ts";
import { contextOf } from "./context.ts";
import { socket } from "./create.ts";
import { establish } from "./establish.ts";
import { firstToConnect } from "./first_to_connect.ts";
import { type InternetAddress, internetAddress } from "./internet_address.ts";
import { setOptions, type SettableOptions } from "./options.ts";
import { sameAddress } from "./sockaddr.ts";

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
 * may stand for several addresses: they are tried in the order of the system, the next one when one
 * has failed or after 250 ms, and the first connection counts, RFC 8305.
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
  const { from, options: settings = {}, ...others } = options;
  const wait = leftOf(others);
  wait.signal?.throwIfAborted();
  const own = from === undefined ? undefined : internetAddress(from);
  const attempt = (address: InternetAddress, wait: WaitOptions) =>
    connectTo(address, own, settings, wait);
  if (!isNamed(to)) return await attempt(internetAddress(to), wait);
  return await firstToConnect(await addressesOf(to, own, wait), attempt, wait);
}

function isNamed(to: AddressLike | HostAndPort): to is HostAndPort {
  return typeof to === "object" && to !== null && !("family" in to);
}

async function addressesOf(
  to: HostAndPort,
  own: InternetAddress | undefined,
  wait: WaitOptions,
): Promise<InternetAddress[]> {
  requireKnown(to, ["host", "port"]);
  const { host, port } = to;
  if (typeof host !== "string" || host === "") {
    throw new TypeError(`host must be a name or an address, not ${JSON.stringify(host)}`);
  }
  requireInteger(port, "port", 0, 65_535);
  const version = { ipv4: 4, ipv6: 6 } as const;
  const looking = lookup(host, { all: true, family: own === undefined ? 0 : version[own.family] });
  const found = await unlessGivenUp(looking, wait);
  if (found.length === 0) throw new Error(`no address of ${host} was found`);
  return found.map(({ address, family }) =>
    internetAddress(family === 4 ? `${address}:${port}` : `[${address}]:${port}`)
  );
}

async function connectTo(
  address: InternetAddress,
  own: InternetAddress | undefined,
  settings: Partial<SettableOptions>,
  wait: WaitOptions,
): Promise<Connection> {
  const connection = new Connection(socket(address.family, "stream").release());
  try {
    setOptions(connection, settings);
    if (own !== undefined) bind(connection, own);
    await establish(connection, address, wait);
    if (own === undefined) requireOther(connection, address);
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

/**
 * Where nobody listens, a connection may meet itself: if the port that the kernel chose for it
 * happens to be the one it goes to, TCP takes its own request for the answer.
 */
function requireOther(connection: Connection, address: InternetAddress): void {
  const { localAddress: ours, remoteAddress: theirs } = connection;
  if (theirs === null || !sameAddress(ours, theirs)) return;
  throw new SyscallError(errno.ECONNREFUSED, "connect", contextOf(connection.fd, address));
}

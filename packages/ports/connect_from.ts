import {
  type AddressLike,
  type Connection,
  type ConnectOptions,
  connectTcp,
} from "@posixly/socket";
import { SyscallError } from "@posixly/sys";
import { addressAt } from "./host.ts";

/**
 * Connects from the first of several addresses of ours that has a port left. Each has as many ports
 * to a destination as the range has, so two addresses are good for twice as many connections. A
 * cure for {@linkcode PortExhaustedError}.
 *
 * The port is left to `connect`, as {@linkcode bindLate} does it.
 *
 * @param sources The addresses, in the order in which they are tried; to spread the connections,
 * begin with another one each time
 * @param to Where to
 * @param options How
 * @returns The connection
 * @throws {SyscallError} As `connectTcp` does; `EADDRNOTAVAIL` if none has a port left, or one is
 * not of this machine
 * @throws {TypeError | RangeError} If there is no source, or one is no address
 *
 * @example Usage
 * ```ts
 * import { connectFrom } from "@posixly/ports";
 * import { listenTcp } from "@posixly/socket";
 *
 * using server = listenTcp("127.0.0.1:0");
 * using connection = await connectFrom(["127.0.0.2", "127.0.0.3"], server.localAddress);
 * ```
 */
export async function connectFrom(
  sources: Iterable<string>,
  to: AddressLike,
  options: Omit<ConnectOptions, "from"> = {},
): Promise<Connection> {
  let refusal: unknown = new RangeError("sources must have an address at least");
  const addresses = [...sources].map((host) => addressAt(host, 0));
  for (const from of addresses) {
    try {
      const late = { ...options.options, ipBindAddressNoPort: true };
      return await connectTcp(to, { ...options, from, options: late });
    } catch (error) {
      if (!(error instanceof SyscallError) || error.code !== "EADDRNOTAVAIL") throw error;
      refusal = error;
    }
  }
  throw refusal;
}

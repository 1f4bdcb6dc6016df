import { requireKnown } from "@posixly/sys";
import type { AddressLike } from "./address.ts";
import { bind } from "./bind.ts";
import { socket } from "./create.ts";
import { internetAddress } from "./internet_address.ts";
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
    // Whether `[::]` is version 4 as well shall not depend on the machine.
    const usual = at.family === "ipv6"
      ? { reuseAddress: true, ipv6Only: false }
      : { reuseAddress: true };
    setOptions(listener, { ...usual, ...options.options });
    bind(listener, at);
    listen(listener, options.backlog);
    return listener;
  } catch (error) {
    listener.close();
    throw error;
  }
}

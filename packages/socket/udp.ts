import { requireKnown } from "@posixly/sys";
import type { AddressLike } from "./address.ts";
import { bind } from "./bind.ts";
import { connect } from "./connect.ts";
import { socket } from "./create.ts";
import { DatagramSocket } from "./datagram_socket.ts";
import { internetAddress } from "./internet_address.ts";
import { setOptions, type SettableOptions } from "./options.ts";

/**
 * What kind of socket for messages.
 *
 * @example With one peer only
 * ```ts
 * import { udp, type UdpSocketOptions } from "@posixly/socket";
 *
 * using server = udp("127.0.0.1:0");
 * const one: UdpSocketOptions = { peer: server.localAddress };
 * using client = udp("127.0.0.1:0", one);
 * await client.send(new Uint8Array(8));
 * ```
 */
export interface UdpSocketOptions {
  /**
   * The one peer it talks to, connect(2): messages go there, those of others do not arrive, and
   * that nobody is there becomes an error.
   */
  readonly peer?: AddressLike;
  /** Options of the socket, set before it gets its address. */
  readonly options?: Partial<SettableOptions>;
}

/**
 * A socket of UDP, udp(7): socket(2) and bind(2) in one.
 *
 * @param address Our address; port 0 lets the kernel choose
 * @param options A peer, options of the socket
 * @returns The socket
 * @throws {SyscallError} `EADDRINUSE` if the port is taken; `EADDRNOTAVAIL` if this machine has no
 * such address; `EACCES` if the port takes `CAP_NET_BIND_SERVICE`
 * @throws {TypeError | RangeError} If the address is none of the internet, or an option is none
 *
 * @example Usage
 * ```ts
 * import { udp } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * using server = udp("127.0.0.1:0");
 * using client = udp("127.0.0.1:0", { peer: server.localAddress });
 * await client.send(new TextEncoder().encode("ping"));
 * const { from } = await server.receive();
 * assert.deepEqual(from, client.localAddress);
 * ```
 */
export function udp(address: AddressLike, options: UdpSocketOptions = {}): DatagramSocket {
  requireKnown(options, ["peer", "options"]);
  const at = internetAddress(address);
  const created = new DatagramSocket(socket(at.family, "datagram").release());
  try {
    setOptions(created, options.options ?? {});
    bind(created, at);
    if (options.peer !== undefined) connect(created, internetAddress(options.peer));
    return created;
  } catch (error) {
    created.close();
    throw error;
  }
}

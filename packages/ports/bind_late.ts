import type { AsFd } from "@posixly/fd";
import { bind, setOptions } from "@posixly/socket";
import { addressAt } from "./host.ts";

/**
 * Binds a socket of TCP to an address alone, and leaves its port to `connect`:
 * `IP_BIND_ADDRESS_NO_PORT` of ip(7).
 *
 * A port that `bind` chooses is taken from everyone, whomever they connect to: the range bounds the
 * connections of the whole machine. One that `connect` chooses is taken only for that destination,
 * so the range bounds the connections to each. Until then {@linkcode localPort} says `null`.
 *
 * Nothing is gained for a socket of UDP: its port is its own at any rate.
 *
 * @param socket The socket, which is neither bound nor connected
 * @param host The address that connections are to come from, such as `127.0.0.2` or `::1`
 * @throws {SyscallError} `EADDRNOTAVAIL` if it is no address of this machine, `EINVAL` if the
 * socket is bound already, `EAFNOSUPPORT` if it is of the other family, `ENOTSOCK` if it is none
 * @throws {TypeError} If `host` is no address
 *
 * @example Usage
 * ```ts
 * import { bindLate, localPort } from "@posixly/ports";
 * import { bind, connect, listen, localAddress, socket } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * using server = socket("ipv4", "stream");
 * bind(server, "127.0.0.1:0");
 * listen(server);
 *
 * using client = socket("ipv4", "stream");
 * bindLate(client, "127.0.0.2");
 * assert.equal(localPort(client), null); // not yet
 * connect(client, localAddress(server));
 * assert.ok(localPort(client)! > 0);
 * ```
 */
export function bindLate(socket: AsFd, host: string): void {
  const address = addressAt(host, 0);
  setOptions(socket, { ipBindAddressNoPort: true });
  bind(socket, address);
}

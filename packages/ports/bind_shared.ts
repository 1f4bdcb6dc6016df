import type { AsFd } from "@posixly/fd";
import { type AddressLike, bind, setOptions } from "@posixly/socket";
import { SyscallError } from "@posixly/sys";
import { addressAt } from "./host.ts";
import { portRange } from "./range.ts";
import { shuffled } from "./shuffled.ts";

/**
 * Binds a socket of TCP to an address and any port, one that others have as well if no other is
 * left: `SO_REUSEADDR` of socket(7). Sockets that are all bound like this, and do not listen, share
 * their ports; each has to connect to another destination. A cure for
 * {@linkcode PortExhaustedError}, for who has to know the port before connecting; who has not takes
 * {@linkcode bindLate}.
 *
 * The kernel by itself never shares when it chooses a port: so one after the other is asked for.
 *
 * @param socket The socket, which is neither bound nor connected
 * @param host The address to bind to
 * @throws {SyscallError} `EADDRINUSE` if no port is left even so; `EADDRNOTAVAIL` if it is no
 * address of this machine; `EINVAL` if the socket is bound already
 * @throws {TypeError} If `host` is no address
 *
 * @example Usage
 * ```ts
 * import { bindShared, localPort } from "@posixly/ports";
 * import { socket } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * using tcp = socket("ipv4", "stream");
 * bindShared(tcp, "127.0.0.1");
 * assert.ok(localPort(tcp)! > 0); // known before it connects
 * ```
 */
export function bindShared(socket: AsFd, host: string): void {
  const address = addressAt(host, 0);
  setOptions(socket, { reuseAddress: true });
  if (canBind(socket, address)) return;
  for (const port of shuffled(portRange(socket))) {
    if (canBind(socket, { ...address, port })) return;
  }
  bind(socket, address);
}

function canBind(socket: AsFd, address: AddressLike): boolean {
  try {
    bind(socket, address);
    return true;
  } catch (error) {
    if (error instanceof SyscallError && error.code === "EADDRINUSE") return false;
    throw error;
  }
}

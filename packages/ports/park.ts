import { read } from "@posixly/fd";
import { poll } from "@posixly/mux";
import {
  accept,
  connect,
  getOption,
  listen,
  localAddress,
  setOptions,
  type Socket,
  socket,
  type SocketAddress,
} from "@posixly/socket";

/** How long a connection to oneself may take, in milliseconds; only a firewall makes it long. */
const PATIENCE = 1000;

/**
 * Leaves the port of a bound socket in TIME_WAIT: connects to it, and closes the server's end
 * first. The socket is no use afterwards.
 */
export function park(server: Socket): void {
  // Not before it was bound: then it could have got what others have parked.
  setOptions(server, { reuseAddress: true });
  listen(server, 1);
  const at = reachable(server);
  using client = socket(at.family, "stream");
  connect(client, at);
  awaitReadable(server);
  accept(server)?.socket.close();
  // Once its end has arrived, ours is answered, and TIME_WAIT begins.
  awaitReadable(client);
  read(client, new Uint8Array(1));
}

function awaitReadable(fd: Socket): void {
  if (poll([{ fd, readable: true }], { timeout: PATIENCE }).length > 0) return;
  throw new Error("Cannot park a port: no connection to this machine itself gets through");
}

/** Where a bound socket can be connected to from here. */
function reachable(server: Socket): SocketAddress {
  const at = localAddress(server);
  if (at.family === "ipv4" && at.host === "0.0.0.0") return { ...at, host: "127.0.0.1" };
  if (at.family !== "ipv6" || at.host !== "::") return at;
  const { port } = at;
  if (getOption(server, "ipv6Only")) return { family: "ipv6", host: "::1", port };
  return { family: "ipv4", host: "127.0.0.1", port };
}

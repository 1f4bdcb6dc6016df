import type { Ipv4Address, Ipv6Address } from "@posixly/socket";
import { requireInteger } from "@posixly/sys";
import { portRange } from "./range.ts";
import { sockets } from "./sockets.ts";

/**
 * Where connections go, and how many ports that takes, see {@linkcode busiestDestinations}.
 *
 * @example Usage
 * ```ts
 * import { busiestDestinations, type Destination } from "@posixly/ports";
 *
 * const show = ({ to, from, connected }: Destination) => `${from} to ${to.host}: ${connected}`;
 * console.log(busiestDestinations().map(show).join("\n"));
 * ```
 */
export interface Destination {
  /** Where to. */
  readonly to: Ipv4Address | Ipv6Address;
  /** From which address of ours. */
  readonly from: string;
  /** How many connections have a port. */
  readonly connected: number;
  /** How many more are over, and in TIME_WAIT. */
  readonly timeWait: number;
}

/**
 * The destinations that take the most ephemeral ports: each has its own ports, so the first of them
 * is the first that runs out.
 *
 * @param count How many at most
 * @returns Them, the busiest first
 * @throws {SyscallError} `EMFILE` or `ENFILE` if too many descriptors are open
 * @throws {TypeError | RangeError} If the count is none
 *
 * @example Usage
 * ```ts
 * import { busiestDestinations } from "@posixly/ports";
 * import { connectTcp, listenTcp } from "@posixly/socket";
 *
 * using server = listenTcp("127.0.0.1:0");
 * using connection = await connectTcp(server.localAddress);
 * const [{ to, connected, timeWait }] = busiestDestinations(1);
 * console.log(`${to.host}:${to.port} takes ${connected + timeWait} ports`);
 * ```
 */
export function busiestDestinations(count = 10): Destination[] {
  requireInteger(count, "count", 1);
  const outgoing = { and: [{ localPort: portRange() }, { autoBound: true }] } as const;
  const found = new Map<string, { -readonly [Name in keyof Destination]: Destination[Name] }>();
  for (const { local, remote, state } of sockets({ protocol: "tcp", filter: outgoing })) {
    if (remote === null) continue;
    const key = `${local.host} ${remote.host} ${remote.port}`;
    let destination = found.get(key);
    if (destination === undefined) {
      destination = { to: remote, from: local.host, connected: 0, timeWait: 0 };
      found.set(key, destination);
    }
    if (state === "timeWait") destination.timeWait++;
    else destination.connected++;
  }
  const ports = ({ connected, timeWait }: Destination) => connected + timeWait;
  return [...found.values()].sort((a, b) => ports(b) - ports(a)).slice(0, count);
}

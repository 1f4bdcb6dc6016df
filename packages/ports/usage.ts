import type { AsFd } from "@posixly/fd";
import {
  type AddressLike,
  connect,
  type Ipv4Address,
  type Ipv6Address,
  localAddress,
  parseAddress,
  type PortRange,
  socket,
} from "@posixly/socket";
import { requireKnown, requireName, SyscallError } from "@posixly/sys";
import type { Filter } from "./filter.ts";
import { addressAt, isLoopback } from "./host.ts";
import { type PortSettings, portSettings, TIME_WAIT } from "./port_settings.ts";
import { portRange } from "./range.ts";
import { mergePorts } from "./reserved.ts";
import type { SocketEntry } from "./socket_entry.ts";
import { sockets } from "./sockets.ts";

/**
 * For whom ports are counted, see {@linkcode portUsage}.
 *
 * @example Usage
 * ```ts
 * import { portUsage, type UsageOptions } from "@posixly/ports";
 *
 * const destination: UsageOptions = { to: "127.0.0.1:5432" };
 * console.log(portUsage(destination).free, "more connections to the database");
 * ```
 */
export interface UsageOptions {
  /**
   * Where to connect to. By default nowhere: then the ports are counted that `bind` to port 0, or
   * `listen` without a `bind`, can choose from.
   */
  readonly to?: AddressLike;
  /** Which address of ours to come from; by default the one that the kernel would choose. */
  readonly from?: string;
  /** By default `tcp`. A socket of UDP has its port alone, wherever it is connected to. */
  readonly protocol?: "tcp" | "udp";
  /** The socket that is to be used, if it has a range of its own. */
  readonly socket?: AsFd;
}

/**
 * How ephemeral ports are used, see {@linkcode portUsage}. `ports` is the sum of `bound`,
 * `connected`, `timeWait`, `elsewhere` and what is not used at all; `free` is the last two and
 * `reusable`.
 *
 * @example Usage
 * ```ts
 * import { type PortUsage, portUsage } from "@posixly/ports";
 *
 * const { ports, free, timeWait }: PortUsage = portUsage({ to: "127.0.0.1:5432" });
 * console.log(`${free} of ${ports} are free, ${timeWait} are in TIME_WAIT`);
 * ```
 */
export interface PortUsage {
  /** Where ports are chosen from. */
  readonly range: PortRange;
  /** How many there are: those of the range that are not reserved. */
  readonly ports: number;
  /**
   * How many are taken from everyone, whomever they connect to: by sockets that listen or
   * do nothing yet, and by a `bind` that named them.
   */
  readonly bound: number;
  /**
   * How many have a connection from the same address to the same destination; without a
   * destination, from that address to anywhere.
   */
  readonly connected: number;
  /** How many have one that is over, and in TIME_WAIT. */
  readonly timeWait: number;
  /** How many of these `connect` takes nevertheless, by `tcp_tw_reuse`. */
  readonly reusable: number;
  /**
   * How many have connections to other destinations only. `connect` shares them, unless they were
   * bound to port 0 before they were connected: then nobody does, and nothing tells but that
   * `connect` fails, see {@linkcode exhaustionOf}.
   */
  readonly elsewhere: number;
  /** How many can be had now, as far as can be told. */
  readonly free: number;
}

/**
 * Counts the ephemeral ports that are left for a destination. The limit is none of a machine but of
 * each pair of addresses and port to connect to: two destinations may have as many connections
 * each as there are ports.
 *
 * What is counted is what netlink tells of this network namespace, just now. Before Linux 6.8 that
 * is without sockets that are bound and neither listen nor are connected.
 *
 * @param options For whom
 * @returns How many are taken by what, and how many are left
 * @throws {SyscallError} `ENETUNREACH` or such if there is no way to the destination, and so no
 * address to come from; `EMFILE`
 * @throws {TypeError | RangeError} If an option is none
 *
 * @example Usage
 * ```ts
 * import { portUsage } from "@posixly/ports";
 * import { connectTcp, listenTcp } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * using server = listenTcp("127.0.0.1:0");
 * const before = portUsage({ to: server.localAddress });
 * using connection = await connectTcp(server.localAddress);
 * const after = portUsage({ to: server.localAddress });
 * assert.equal(after.connected, before.connected + 1);
 * ```
 */
export function portUsage(options: UsageOptions = {}): PortUsage {
  const { to, from, protocol, range } = check(options);
  const settings = portSettings();
  const uses = new Uint8Array(65_536);
  const note = (port: number, use: number) => uses[port] = Math.max(uses[port], use);

  const inRange: Filter = { localPort: range };
  if (protocol === "udp") {
    for (const { local, localPort } of sockets({ protocol, filter: inRange })) {
      if (from === undefined || keepsFrom(local.host, from)) note(localPort, BOUND);
    }
  } else {
    const list = (filter: Filter) => sockets({ protocol, filter, bound: true });
    for (const port of list(inRange).localPorts()) note(port, ELSEWHERE);
    const isNamed: Filter = { and: [inRange, { not: { autoBound: true } }] };
    for (const port of list(isNamed).localPorts()) note(port, BOUND);
    const idle = sockets({ protocol, filter: inRange, states: ["boundInactive"] });
    for (const port of idle.localPorts()) note(port, BOUND);
    for (const one of list({ and: [inRange, ...between(from, to)] })) {
      note(one.localPort, useOf(one, settings, to === undefined));
    }
  }
  return tally(uses, range, settings.reserved);
}

/** What a port is used for; of several, the one with the highest number counts. */
const [ELSEWHERE, TAKEN_AGAIN, TIMED, CONNECTED, BOUND] = [1, 2, 3, 4, 5];

function useOf(one: SocketEntry, settings: PortSettings, forBind: boolean): number {
  if (one.state !== "timeWait") return CONNECTED;
  return !forBind && isReusable(one, settings) ? TAKEN_AGAIN : TIMED;
}

/** Whether `connect` takes the port of a connection in TIME_WAIT. */
function isReusable({ local, remote, timer }: SocketEntry, settings: PortSettings): boolean {
  const { timeWaitReuse, timeWaitReuseDelay, timestamps } = settings;
  if (timeWaitReuse === undefined || timeWaitReuse === "never" || !timestamps) return false;
  if (timeWaitReuse === "loopback" && !isLoopback(local.host) && !isLoopback(remote!.host)) {
    return false;
  }
  const age = TIME_WAIT * 1000 - (timer?.expires ?? 0);
  return age >= timeWaitReuseDelay;
}

type InternetAddress = Ipv4Address | Ipv6Address;

function between(from: string | undefined, to: InternetAddress | undefined): Filter[] {
  const filters: Filter[] = [];
  if (from !== undefined) filters.push({ local: from });
  if (to !== undefined) filters.push({ remote: to.host }, { remotePort: to.port });
  return filters;
}

/** Whether a socket of UDP at one address has its port at another as well. */
function keepsFrom(held: string, wanted: string): boolean {
  return [held, wanted].some((host) => host === "0.0.0.0" || host === "::") ||
    held.replace("::ffff:", "") === wanted;
}

function tally(uses: Uint8Array, range: PortRange, reserved: readonly PortRange[]): PortUsage {
  const counts = [0, 0, 0, 0, 0, 0];
  for (let port = range.first; port <= range.last; port++) counts[uses[port]]++;
  for (const { first, last } of mergePorts(reserved)) {
    const end = Math.min(last, range.last);
    for (let port = Math.max(first, range.first); port <= end; port++) counts[uses[port]]--;
  }
  const [unused, elsewhere, reusable, timed, connected, bound] = counts;
  return {
    range,
    ports: unused + elsewhere + reusable + timed + connected + bound,
    bound,
    connected,
    timeWait: reusable + timed,
    reusable,
    elsewhere,
    free: unused + elsewhere + reusable,
  };
}

function check(options: UsageOptions) {
  requireKnown(options, ["to", "from", "protocol", "socket"]);
  const { to, from, protocol = "tcp", socket } = options;
  requireName(["tcp", "udp"], protocol, "protocol");
  const target = typeof to === "string" ? parseAddress(to) : to;
  if (target !== undefined && target.family !== "ipv4" && target.family !== "ipv6") {
    throw new TypeError(`to must be an address with a port, not of the family ${target.family}`);
  }
  const source = from === undefined && protocol === "tcp"
    ? target && sourceFor(target)
    : from && addressAt(from, 0).host;
  return { to: target, from: source, protocol, range: portRange(socket) };
}

/** The address that the kernel would connect from; a socket of UDP asks nobody for it. */
function sourceFor(to: InternetAddress): string | undefined {
  using probe = socket(to.family, "datagram");
  try {
    connect(probe, to);
  } catch (error) {
    // UDP has no port left for that, either; then connections from any address are counted.
    if (error instanceof SyscallError && error.code === "EAGAIN") return undefined;
    throw error;
  }
  return (localAddress(probe) as InternetAddress).host;
}

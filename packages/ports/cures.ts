import { type PortSettings, TIME_WAIT } from "./port_settings.ts";
import { overlap } from "./reserved.ts";
import type { PortUsage } from "./usage.ts";

/**
 * What to do when there is no port left, see {@linkcode PortExhaustedError}.
 *
 * - `reuseConnections`: keep connections for the next request, as `@posixly/pool` does
 * - `anotherSource`: connect from another address of this machine, {@linkcode connectFrom}
 * - `bindLate`: leave the port to `connect` when binding to an address, {@linkcode bindLate}
 * - `shareAddress`: bind with `SO_REUSEADDR`, {@linkcode bindShared}
 * - `letPeerClose`: have the other end close first, so that it has the TIME_WAIT
 * - `reset`: end connections by a reset, which leaves no TIME_WAIT, {@linkcode closeByReset}
 * - `reuseTimeWait`: have `connect` use ports in TIME_WAIT again, `net.ipv4.tcp_tw_reuse`
 * - `wait`: until the first port leaves TIME_WAIT
 * - `widerRange`: have more ports, `net.ipv4.ip_local_port_range` or `ipLocalPortRange`
 * - `unreserve`: reserve fewer, `net.ipv4.ip_local_reserved_ports`
 * - `oneSocket`: send to many peers from one socket of UDP
 *
 * @example Usage
 * ```ts
 * import { type Cure, exhaustionOf } from "@posixly/ports";
 *
 * const preferred: Cure["name"][] = ["reuseConnections", "anotherSource"];
 * function advice(error: unknown) {
 *   const { cures = [] } = exhaustionOf(error, { to: "127.0.0.1:5432" }) ?? {};
 *   return cures.find(({ name }) => preferred.includes(name))?.how;
 * }
 * ```
 */
export interface Cure {
  /** Which. */
  readonly name:
    | "reuseConnections"
    | "anotherSource"
    | "bindLate"
    | "shareAddress"
    | "letPeerClose"
    | "reset"
    | "reuseTimeWait"
    | "wait"
    | "widerRange"
    | "unreserve"
    | "oneSocket";
  /** What to do, and what comes of it, in a sentence. */
  readonly how: string;
}

/**
 * What has most of the ports: connections to the same destination, those of them that are over and
 * in TIME_WAIT, or sockets that are bound, whomever they talk to.
 *
 * @example Usage
 * ```ts
 * import { exhaustionOf, type Exhaustion } from "@posixly/ports";
 *
 * const words: Record<Exhaustion, string> = {
 *   connected: "too many at a time",
 *   timeWait: "too many a minute",
 *   bound: "too many that were bound",
 * };
 * const tell = (error: unknown) => words[exhaustionOf(error)?.reason ?? "connected"];
 * ```
 */
export type Exhaustion = "connected" | "timeWait" | "bound";

/** What is known of where it happened. */
export interface Case {
  readonly protocol: "tcp" | "udp";
  readonly reason: Exhaustion;
  readonly usage: PortUsage;
  readonly settings: PortSettings;
  /** Whether it was `connect` that found none, and not `bind` or `listen`. */
  readonly isConnect: boolean;
  readonly isLoopback: boolean;
  /** Addresses of this machine that could be connected from as well. */
  readonly otherSources: readonly string[];
  /** In how many milliseconds the first port leaves TIME_WAIT. */
  readonly firstFree: number | null;
}

/** The cures that would work, the ones that change least first. */
export function curesFor(it: Case): Cure[] {
  const rules = it.usage.ports > 0 ? [...ofUsing, ...ofHaving] : ofHaving;
  return rules.filter(({ works }) => works(it)).map(({ name, how }) => ({ name, how: how(it) }));
}

interface Rule {
  readonly name: Cure["name"];
  readonly works: (it: Case) => boolean;
  readonly how: (it: Case) => string;
}

const isTcp = ({ protocol }: Case) => protocol === "tcp";
const isTimeWait = ({ reason }: Case) => reason === "timeWait";

/** How the ports that there are can be used better. */
const ofUsing: readonly Rule[] = [
  {
    name: "bindLate",
    works: (it) => isTcp(it) && (it.reason === "bound" || !it.isConnect),
    how: () =>
      "bind clients with bindLate (IP_BIND_ADDRESS_NO_PORT): their ports are taken for one " +
      "destination only, not for all",
  },
  {
    name: "shareAddress",
    works: (it) => isTcp(it) && !it.isConnect,
    how: () =>
      "bind with bindShared (SO_REUSEADDR): sockets that all do it share ports, if each connects to " +
      "another destination",
  },
  {
    name: "reuseConnections",
    works: (it) => isTcp(it) && it.isConnect && it.reason !== "bound",
    how: () => "keep connections for the next request, with @posixly/pool for instance",
  },
  {
    name: "oneSocket",
    works: (it) => !isTcp(it),
    how: () => "send to all peers from one socket that is not connected, by sendTo",
  },
  {
    name: "anotherSource",
    works: (it) =>
      isTcp(it) && it.isConnect && it.reason !== "bound" &&
      (it.isLoopback || it.otherSources.length > 0),
    how: ({ isLoopback, otherSources, usage }) => {
      const sources = isLoopback ? "any of 127.0.0.0/8" : otherSources.join(", ");
      return `use another address of this machine, with connectFrom: ${sources}; ` +
        `each has ${usage.ports} ports of its own`;
    },
  },
  {
    name: "letPeerClose",
    works: isTimeWait,
    how: () =>
      "have the other end close first: who does keeps the port in TIME_WAIT, and it has others",
  },
  {
    name: "reset",
    works: isTimeWait,
    how: () =>
      "end connections with closeByReset (SO_LINGER 0) once all is said: no TIME_WAIT, but what is " +
      "under way is lost",
  },
  {
    name: "reuseTimeWait",
    works: ({ reason, isConnect, settings: { timeWaitReuse, timestamps }, isLoopback }) =>
      reason === "timeWait" && isConnect && timestamps === true && timeWaitReuse !== undefined &&
      timeWaitReuse !== "always" && !(timeWaitReuse === "loopback" && isLoopback),
    how: ({ settings }) =>
      "sysctl net.ipv4.tcp_tw_reuse=1: connect uses ports again that were in TIME_WAIT for " +
      `${settings.timeWaitReuseDelay} ms`,
  },
  {
    name: "wait",
    works: ({ reason, firstFree }) => reason === "timeWait" && firstFree !== null,
    how: ({ firstFree }) =>
      `wait: the first port is free again in ${Math.ceil(firstFree! / 1000)} s; in TIME_WAIT are ` +
      `those of the last ${TIME_WAIT} s`,
  },
];

/** How there can be more. */
const ofHaving: readonly Rule[] = [
  {
    name: "unreserve",
    works: ({ usage, settings }) => overlap(usage.range, settings.reserved) > 0,
    how: ({ usage, settings }) =>
      `reserve fewer ports in net.ipv4.ip_local_reserved_ports: ${
        overlap(usage.range, settings.reserved)
      } of the range are`,
  },
  {
    name: "widerRange",
    works: ({ usage: { range } }) => range.first > WIDEST.first || range.last < WIDEST.last,
    how: ({ usage: { range } }) =>
      `have more ports: net.ipv4.ip_local_port_range, or ipLocalPortRange of the socket, is ` +
      `${range.first} to ${range.last}`,
  },
];

/** What the range can sensibly be: below are the ports of servers. */
const WIDEST = { first: 1024, last: 65_535 };

import { requireInteger, requireKnown, requireName } from "@posixly/sys";
import type { IpFamily } from "./host.ts";
import { requireMilliseconds, requireSignal } from "./ping_options.ts";
import type { TraceMethod } from "./trace_hop.ts";

/**
 * How to find the way, see {@linkcode traceroute}.
 *
 * @example Usage
 * ```ts
 * import { traceroute, type TracerouteOptions } from "@posixly/raw";
 *
 * const quick: TracerouteOptions = { method: "udp", queries: 1, maxHops: 5, timeout: 500 };
 * for await (const { distance } of traceroute("127.0.0.1", quick)) console.log(distance);
 * ```
 */
export interface TracerouteOptions {
  /**
   * What is sent: datagrams of UDP, by default; echo requests of `icmp`, which take a raw socket or a
   * ping socket; or connections of `tcp`, which firewalls let through most often.
   */
  readonly method?: TraceMethod;
  /** How far to look at most, 1 to 255; 30 by default. */
  readonly maxHops?: number;
  /** How far to begin, 1 by default. */
  readonly firstHop?: number;
  /** How many packets go as far as each hop, 1 to 10; 3 by default. */
  readonly queries?: number;
  /** How many milliseconds to wait for an answer; 3000 by default. */
  readonly timeout?: number;
  /** How many packets may be under way at once, 1 to 256; 16 by default. */
  readonly parallel?: number;
  /** The first of the ports of UDP, 33434 by default; or the port of TCP, 80 by default. */
  readonly port?: number;
  /** How many bytes a packet of UDP or ICMP carries, 8 to 65000; 32 by default. */
  readonly size?: number;
  /** Which version of IP a name is looked up for; by default as the system prefers. */
  readonly family?: IpFamily;
  /** The name or the index of the interface to send by; by default as the routes lead. */
  readonly interface?: string | number;
  /** Our address to send from. */
  readonly address?: string;
  /** Ends it with its `reason`. */
  readonly signal?: AbortSignal;
}

/** What was asked for, checked. */
export interface TracerouteAsks {
  readonly method: TraceMethod;
  readonly maxHops: number;
  readonly firstHop: number;
  readonly queries: number;
  readonly timeout: number;
  readonly parallel: number;
  readonly port: number;
  readonly size: number;
  readonly family: IpFamily | undefined;
  readonly interface: string | number | undefined;
  readonly address: string | undefined;
  readonly signal: AbortSignal | undefined;
}

const names = [
  "method",
  "maxHops",
  "firstHop",
  "queries",
  "timeout",
  "parallel",
  "port",
  "size",
  "family",
  "interface",
  "address",
  "signal",
];

/** Where nobody is expected to be, by tradition. */
const UDP_PORT = 33_434;
const TCP_PORT = 80;

/** Checks the options. */
export function tracerouteAsks(options: TracerouteOptions): TracerouteAsks {
  requireKnown(options, names);
  const { method = "udp", maxHops = 30, firstHop = 1, queries = 3, timeout = 3000 } = options;
  const { parallel = 16, size = 32, family, interface: name, address, signal } = options;
  requireName(["udp", "icmp", "tcp"], method, "method");
  requireInteger(maxHops, "maxHops", 1, 255);
  requireInteger(firstHop, "firstHop", 1, maxHops);
  requireInteger(queries, "queries", 1, 10);
  requireMilliseconds(timeout, "timeout", 1);
  requireInteger(parallel, "parallel", 1, 256);
  requireInteger(size, "size", 8, 65_000);
  const { port = method === "tcp" ? TCP_PORT : UDP_PORT } = options;
  const packets = (maxHops - firstHop + 1) * queries;
  requireInteger(port, "port", 1, method === "udp" ? 65_536 - packets : 65_535);
  if (family !== undefined) requireName(["ipv4", "ipv6"], family, "family");
  requireSignal(signal);
  return {
    ...{ method, maxHops, firstHop, queries, timeout, parallel, port, size },
    ...{ family, interface: name, address, signal },
  };
}

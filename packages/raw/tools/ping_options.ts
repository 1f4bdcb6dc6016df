import type { SettableOptions } from "@posixly/socket";
import { requireBoolean, requireInteger, requireKnown, requireName } from "@posixly/sys";
import type { PingWay } from "./echo_socket.ts";
import type { IpFamily } from "./host.ts";

/**
 * How to ping, see {@linkcode ping}.
 *
 * @example Usage
 * ```ts
 * import { ping, type PingOptions } from "@posixly/raw";
 *
 * const thrice: PingOptions = { count: 3, interval: 10, timeout: 1000, size: 1000 };
 * console.log(await ping("127.0.0.1", thrice).summary());
 * ```
 */
export interface PingOptions {
  /** How many echo requests each target is sent; by default there is no end. */
  readonly count?: number;
  /**
   * How many milliseconds lie between two requests to the same target; 1000 by default. Those to
   * different targets are spread evenly over it.
   */
  readonly interval?: number;
  /**
   * After how many milliseconds an answer is late; 2000 by default. It is still told of, for ten
   * times as long and 10 seconds at least.
   */
  readonly timeout?: number;
  /** How many bytes come back, 0 to 65507; 56 by default, with which the message has 64. */
  readonly size?: number;
  /** How many routers may pass it on, 1 to 255, of multicast as well; by default as the system says. */
  readonly ttl?: number;
  /** Whether it must arrive in one piece; by default as the system says. */
  readonly dontFragment?: boolean;
  /** Whether broadcast addresses may be pinged: everybody there answers. */
  readonly broadcast?: boolean;
  /** Which version of IP a name is looked up for; by default as the system prefers. */
  readonly family?: IpFamily;
  /** The name or the index of the interface to send by; by default as the routes lead. */
  readonly interface?: string | number;
  /** Our address to send from; for targets of one family. */
  readonly address?: string;
  /** Which kind of socket to take; by default a raw one if we may. */
  readonly way?: PingWay;
  /** Ends it with its `reason`. */
  readonly signal?: AbortSignal;
}

/** What was asked for, checked. */
export interface PingAsks {
  readonly count: number;
  readonly interval: number;
  readonly timeout: number;
  readonly size: number;
  readonly family: IpFamily | undefined;
  readonly interface: string | number | undefined;
  readonly address: string | undefined;
  readonly way: PingWay | undefined;
  readonly signal: AbortSignal | undefined;
  /** Of the sockets, by family. */
  readonly options: Readonly<Record<IpFamily, Partial<SettableOptions>>>;
}

const names = [
  "count",
  "interval",
  "timeout",
  "size",
  "ttl",
  "dontFragment",
  "broadcast",
  "family",
  "interface",
  "address",
  "way",
  "signal",
];

/** An hour and more is no interval; a day is. */
const LONGEST_MS = 86_400_000;

/** What fits into a packet of IPv4 with its header. */
const LARGEST = 65_535 - 20 - 8;

/** Checks the options. */
export function pingAsks(options: PingOptions): PingAsks {
  requireKnown(options, names);
  const { count = Infinity, interval = 1000, timeout = 2000, size = 56 } = options;
  const { ttl, dontFragment, broadcast, family, interface: name, address, way, signal } = options;
  if (count !== Infinity) requireInteger(count, "count", 1);
  requireMilliseconds(interval, "interval");
  requireMilliseconds(timeout, "timeout");
  requireInteger(size, "size", 0, LARGEST);
  if (ttl !== undefined) requireInteger(ttl, "ttl", 1, 255);
  requireBoolean(dontFragment, "dontFragment");
  requireBoolean(broadcast, "broadcast");
  if (family !== undefined) requireName(["ipv4", "ipv6"], family, "family");
  if (way !== undefined) requireName(["raw", "ping"], way, "way");
  requireSignal(signal);
  const discover = dontFragment === undefined ? undefined : dontFragment ? "do" : "dont";
  return {
    ...{ count, interval, timeout, size, family, interface: name, address, way, signal },
    options: {
      ipv4: { ipTtl: ttl, ipMulticastTtl: ttl, ipMtuDiscover: discover, broadcast },
      ipv6: { ipv6HopLimit: ttl, ipv6MulticastHopLimit: ttl, ipv6MtuDiscover: discover },
    },
  };
}

/** Checks a span of time, of which fractions count. */
export function requireMilliseconds(value: number, name: string, least = 0.1): void {
  if (typeof value !== "number" || Number.isNaN(value)) {
    throw new TypeError(`${name} must be a number of milliseconds, not ${String(value)}`);
  }
  if (value >= least && value <= LONGEST_MS) return;
  throw new RangeError(`${name} must be between ${least} and ${LONGEST_MS} ms, not ${value}`);
}

/** Checks what aborts. */
export function requireSignal(signal: AbortSignal | undefined): void {
  if (signal === undefined || typeof signal?.throwIfAborted === "function") return;
  throw new TypeError(`signal must be an AbortSignal, not ${String(signal)}`);
}

import { requireInteger, requireKnown, requireName } from "@posixly/sys";
import type { IpFamily } from "./host.ts";
import { requireMilliseconds, requireSignal } from "./ping_options.ts";

/**
 * How to probe ports, see {@linkcode probe}.
 *
 * @example Usage
 * ```ts
 * import { probe, type ProbeOptions } from "@posixly/raw";
 *
 * const gently: ProbeOptions = { rate: 100, retries: 2, order: "port" };
 * for await (const { port, state } of probe("127.0.0.1", [22, 80], gently)) console.log(port, state);
 * ```
 */
export interface ProbeOptions {
  /** How many milliseconds to wait for an answer; 1000 by default. */
  readonly timeout?: number;
  /** How often more a port is asked that does not answer, 0 to 10; once by default. */
  readonly retries?: number;
  /**
   * How many packets go out in a second at most; 1000 by default. A host may limit how many resets it
   * sends, and leaves closed ports without an answer then, which are told as filtered: ask it more
   * slowly.
   */
  readonly rate?: number;
  /**
   * Whether ports are told as soon as something is known of them, `answer`, which is the default; or
   * in the order in which they were given, `port`.
   */
  readonly order?: "answer" | "port";
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
export interface ProbeAsks {
  readonly timeout: number;
  readonly retries: number;
  readonly rate: number;
  readonly order: "answer" | "port";
  readonly family: IpFamily | undefined;
  readonly interface: string | number | undefined;
  readonly address: string | undefined;
  readonly signal: AbortSignal | undefined;
}

const names = [
  "timeout",
  "retries",
  "rate",
  "order",
  "family",
  "interface",
  "address",
  "signal",
];

const FASTEST = 10_000_000;

/** Checks the options. */
export function probeAsks(options: ProbeOptions): ProbeAsks {
  requireKnown(options, names);
  const { timeout = 1000, retries = 1, rate = 1000, order = "answer" } = options;
  const { family, interface: name, address, signal } = options;
  requireMilliseconds(timeout, "timeout", 1);
  requireInteger(retries, "retries", 0, 10);
  requireInteger(rate, "rate", 1, FASTEST);
  requireName(["answer", "port"], order, "order");
  if (family !== undefined) requireName(["ipv4", "ipv6"], family, "family");
  requireSignal(signal);
  return { timeout, retries, rate, order, family, interface: name, address, signal };
}

/** Checks the ports; each is asked once, however often it is named. */
export function portsToProbe(ports: number | Iterable<number>): readonly number[] {
  const list = typeof ports === "number" ? [ports] : [...new Set(ports)];
  if (list.length === 0) throw new RangeError("ports must be one or more, not none");
  for (const port of list) requireInteger(port, "port", 1, 65_535);
  return list;
}

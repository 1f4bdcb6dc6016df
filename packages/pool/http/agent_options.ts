import type { SettableOptions } from "@posixly/socket";
import { requireAmount, requireCount, requireKnown, requireOneOf } from "../options.ts";
import type { TlsSettings } from "../tcp/node_sockets.ts";

/**
 * How a {@linkcode PooledAgent} keeps its connections. Names are those of `http.Agent` where it has
 * one; times are in milliseconds.
 *
 * @example Usage
 * ```ts
 * import { PooledAgent, type PooledAgentOptions } from "@posixly/pool/http";
 *
 * const modest: PooledAgentOptions = { maxSockets: 4, idleTimeout: 10_000 };
 * const agent = new PooledAgent(modest);
 * agent.destroy();
 * ```
 */
export interface PooledAgentOptions {
  /** For https, and what node:tls is told: certificates, versions. By default it is for http. */
  readonly tls?: boolean | TlsSettings;
  /** How many connections there are at most to one server; by default any number. */
  readonly maxSockets?: number;
  /** How many there are at most in all; by default any number. */
  readonly maxTotalSockets?: number;
  /** How many to one server may rest; 256 by default. */
  readonly maxFreeSockets?: number;
  /** Which is used again: the one that has rested the least, `lifo`, as by default, or the most. */
  readonly scheduling?: "lifo" | "fifo";
  /**
   * How long a connection may rest of which the server does not say for how long it keeps it; 4 s
   * by default, for many servers keep one for 5. If it says so, it is 2 s less than that.
   */
  readonly idleTimeout?: number;
  /** How old a connection gets; when its time is over, it is closed after its request. */
  readonly maxLifetime?: number;
  /** How many requests go over one connection; by default any number. */
  readonly maxUses?: number;
  /** How many requests may wait for a connection to one server; by default any number. */
  readonly maxWaiters?: number;
  /** How long a request waits for a connection; 30 s by default. */
  readonly acquireTimeout?: number;
  /** How long connecting may take, with TLS; 10 s by default. */
  readonly connectTimeout?: number;
  /**
   * After how long without a byte, or without a connection, a request is told by `timeout`, unless it
   * says otherwise; by default never.
   */
  readonly timeout?: number;
  /** Options of the sockets, beside those that find a dead peer, see `watchful`. */
  readonly options?: Partial<SettableOptions>;
}

const names = [
  "tls",
  "maxSockets",
  "maxTotalSockets",
  "maxFreeSockets",
  "scheduling",
  "idleTimeout",
  "maxLifetime",
  "maxUses",
  "maxWaiters",
  "acquireTimeout",
  "connectTimeout",
  "timeout",
  "options",
];

/** Checks those that have another name in the pool, whose errors would speak of what nobody wrote. */
export function requireOptions(options: PooledAgentOptions): void {
  requireKnown(options, names);
  const { maxSockets, maxTotalSockets, maxFreeSockets, scheduling, connectTimeout } = options;
  const { tls, timeout } = options;
  if (tls !== undefined && typeof tls !== "boolean" && (typeof tls !== "object" || tls === null)) {
    throw new TypeError(`tls must be a boolean, or options of node:tls, not ${String(tls)}`);
  }
  if (timeout !== undefined) requireAmount(timeout, "timeout", 0);
  if (maxSockets !== undefined) requireCount(maxSockets, "maxSockets", 1);
  if (maxTotalSockets !== undefined) requireCount(maxTotalSockets, "maxTotalSockets", 1);
  if (maxFreeSockets !== undefined) requireCount(maxFreeSockets, "maxFreeSockets", 0);
  if (scheduling !== undefined) requireOneOf(scheduling, "scheduling", ["lifo", "fifo"]);
  if (connectTimeout !== undefined) requireAmount(connectTimeout, "connectTimeout", 1);
}

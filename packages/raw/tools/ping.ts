import { type PingAsks, pingAsks, type PingOptions } from "./ping_options.ts";
import type { PingEvent, PingUnknown } from "./ping_event.ts";
import { PingRun } from "./ping_run.ts";
import type { PingStatistics, PingSummary } from "./ping_statistics.ts";

/**
 * Pings one host or many, all of a family by one socket: icmp(7), rfc792 and rfc4443. A raw socket is
 * taken if we may have one, and else a ping socket; what is told says which.
 *
 * Times are the kernel's: when it gave a request to the network card, and when it had the answer
 * from there (`SO_TIMESTAMPING`). So neither a busy program nor a slow reader makes them longer. Where
 * the kernel does not tell one of the two, as of the first moments after it was asked to, `clock`
 * says `process`.
 *
 * All names are looked up first. Of many targets, those whose name nobody knows are told of, and the
 * others are pinged.
 *
 * It goes on as it is read: while nobody asks for the next event, nothing is sent, and what comes in
 * waits in the socket, with its time.
 *
 * @param targets Names or addresses of hosts, with an interface after a `%` where that is needed
 * @param options How often, how much and how long
 * @returns What happens, one after the other, and how it went in the end
 * @throws {TypeError | RangeError} If there is no target, or an option is not as described
 *
 * @example Usage
 * ```ts
 * import { ping } from "@posixly/raw";
 * import assert from "node:assert/strict";
 *
 * for await (const event of ping("127.0.0.1", { count: 2, interval: 10 })) {
 *   assert.equal(event.kind, "reply");
 *   if (event.kind === "reply") console.log(`${event.from}: ${event.rtt.toFixed(3)} ms`);
 * }
 * ```
 *
 * @example Who is there
 * ```ts
 * import { ping } from "@posixly/raw";
 * import assert from "node:assert/strict";
 *
 * const hosts = Array.from({ length: 20 }, (_, i) => `127.0.0.${i + 1}`);
 * const { targets } = await ping(hosts, { count: 1, interval: 100, timeout: 500 }).summary();
 * const there = targets.filter(({ received }) => received > 0).map(({ host }) => host);
 * assert.deepEqual(there, hosts);
 * ```
 */
export function ping(targets: string | readonly string[], options: PingOptions = {}): Pinging {
  const names = typeof targets === "string" ? [targets] : targets;
  if (!Array.isArray(names) || names.length === 0) {
    throw new TypeError("targets must be the name of a host, or an array of names");
  }
  return new Pinging(names, pingAsks(options));
}

/**
 * Pings that are under way, see {@linkcode ping}. Iterate over it once, or ask for the summary; the
 * socket is closed in the end, or when the loop is left.
 *
 * @example Enough after the first answer
 * ```ts
 * import { ping, type Pinging } from "@posixly/raw";
 * import assert from "node:assert/strict";
 *
 * const pinging: Pinging = ping("127.0.0.1");
 * for await (const { kind } of pinging) if (kind === "reply") break;
 * assert.equal(pinging.statistics[0].received, 1);
 * ```
 */
export class Pinging implements AsyncIterable<PingEvent> {
  readonly #events: AsyncGenerator<PingEvent, void, void>;
  readonly #run: PingRun;

  /**
   * Made by {@linkcode ping} alone.
   *
   * @param names The targets
   * @param asks What was asked for
   */
  constructor(names: readonly string[], asks: PingAsks) {
    this.#run = new PingRun(names, asks);
    this.#events = this.#run.events();
  }

  /** How it has gone so far with each target whose name is known; empty until they are. */
  get statistics(): readonly PingStatistics[] {
    return this.#run.statistics();
  }

  /** Those of many targets whose names nobody knows; empty until they were looked up. */
  get unknown(): readonly PingUnknown[] {
    return this.#run.unknown;
  }

  /**
   * Goes on to the end, and tells how it went.
   *
   * @returns The statistics
   * @throws {RawAccessError} If we may have neither a raw socket nor a ping socket
   * @throws {Error} As node:dns has them, if a name is not known, and of many not one
   * @throws The signal's reason; `statistics` says how it went until then
   */
  async summary(): Promise<PingSummary> {
    while (!(await this.#events.next()).done);
    const targets = this.statistics;
    const sum = (of: "sent" | "received") =>
      targets.reduce((total, target) => total + target[of], 0);
    return { targets, unknown: this.unknown, sent: sum("sent"), received: sum("received") };
  }

  /** What happens, one after the other; there is but one iterator. */
  [Symbol.asyncIterator](): AsyncGenerator<PingEvent, void, void> {
    return this.#events;
  }
}

import type { EchoEvent, PingUnknown } from "./ping_event.ts";
import type { PingWay } from "./echo_socket.ts";

/**
 * How it went with one target; times in milliseconds, of answers in time.
 *
 * @example Usage
 * ```ts
 * import { ping, type PingStatistics } from "@posixly/raw";
 * import assert from "node:assert/strict";
 *
 * const { targets } = await ping("127.0.0.1", { count: 3, interval: 10 }).summary();
 * const { sent, received, minimum, average, maximum }: PingStatistics = targets[0];
 * assert.deepEqual([sent, received], [3, 3]);
 * assert.ok(minimum! <= average! && average! <= maximum!);
 * ```
 */
export interface PingStatistics {
  /** The target as it was called. */
  readonly target: string;
  /** Its address. */
  readonly host: string;
  /** By which kind of socket. */
  readonly way: PingWay;
  /** How many requests were sent, or would have been if this machine could. */
  readonly sent: number;
  /** How many were answered in time. */
  readonly received: number;
  /** How many answers came too late. */
  readonly late: number;
  /** How many answers came after another one to the same request. */
  readonly duplicates: number;
  /** How many were refused by somebody, or could not be sent. */
  readonly errors: number;
  /** How many nobody answered in time. */
  readonly lost: number;
  /** The shortest time; `undefined` if there was no answer, as of the others. */
  readonly minimum: number | undefined;
  /** The mean. */
  readonly average: number | undefined;
  /** The longest time. */
  readonly maximum: number | undefined;
  /** The standard deviation, which ping(8) calls `mdev`. */
  readonly deviation: number | undefined;
}

/**
 * How it went.
 *
 * @example Usage
 * ```ts
 * import { ping, type PingSummary } from "@posixly/raw";
 *
 * const summary: PingSummary = await ping(["127.0.0.1", "127.0.0.2"], { count: 1 }).summary();
 * for (const { target, received, sent } of summary.targets) console.log(target, received, sent);
 * ```
 */
export interface PingSummary {
  /** Each target whose name is known, in the order in which they were given. */
  readonly targets: readonly PingStatistics[];
  /** The others, whose names nobody knows. */
  readonly unknown: readonly PingUnknown[];
  /** How many requests were sent to all of them. */
  readonly sent: number;
  /** How many were answered in time. */
  readonly received: number;
}

/** Counts what happens to one target. */
export class Tally {
  sent = 0;
  #received = 0;
  #late = 0;
  #duplicates = 0;
  #errors = 0;
  #lost = 0;
  #minimum = Infinity;
  #maximum = -Infinity;
  /** By Welford's way, which keeps its digits in a long run. */
  #mean = 0;
  #squares = 0;

  count(event: EchoEvent): void {
    if (event.kind === "timeout") this.#lost++;
    else if (event.kind === "error") this.#errors++;
    else if (event.duplicate) this.#duplicates++;
    else if (event.late) this.#late++;
    else this.#measure(event.rtt);
  }

  #measure(rtt: number): void {
    this.#minimum = Math.min(this.#minimum, rtt);
    this.#maximum = Math.max(this.#maximum, rtt);
    const distance = rtt - this.#mean;
    this.#mean += distance / ++this.#received;
    this.#squares += distance * (rtt - this.#mean);
  }

  statistics(target: string, host: string, way: PingWay): PingStatistics {
    const received = this.#received;
    const known = received > 0;
    return {
      ...{ target, host, way, received },
      sent: this.sent,
      late: this.#late,
      duplicates: this.#duplicates,
      errors: this.#errors,
      lost: this.#lost,
      minimum: known ? this.#minimum : undefined,
      average: known ? this.#mean : undefined,
      maximum: known ? this.#maximum : undefined,
      deviation: known ? Math.sqrt(this.#squares / received) : undefined,
    };
  }
}

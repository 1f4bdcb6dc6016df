import { Alarm } from "../alarm.ts";
import type { Clock } from "../clock.ts";
import type { Reason } from "../resource.ts";
import type { Care } from "./transport.ts";

/**
 * How many milliseconds later than at its time the end of a rest may be noticed, when others came
 * before; and no more than a sixteenth of the usual time.
 */
const GRAIN = 50;

/** One that rests: until when it may, and how to stop looking after it. */
interface Rest {
  readonly until: number;
  unwatch: (() => void) | undefined;
}

/** The care for connections that rest: each is watched, and rests no longer than it may. */
export class Resting<T extends object> {
  readonly #care: Care<T>;
  readonly #idleTimeout: number;
  readonly #clock: Clock;
  readonly #evict: (connection: T, reason: Reason) => void;
  readonly #grain: number;
  readonly #alarm: Alarm;
  readonly #rests = new Map<T, Rest>();
  /** What was promised for some, and until when those may be used that have rested. */
  readonly #limits = new WeakMap<T, number>();
  readonly #ends = new WeakMap<T, number>();

  /** @param evict Is to destroy a connection that rests */
  constructor(
    care: Care<T>,
    idleTimeout: number,
    clock: Clock,
    evict: (connection: T, reason: Reason) => void,
  ) {
    this.#care = care;
    this.#idleTimeout = idleTimeout;
    this.#clock = clock;
    this.#evict = evict;
    this.#grain = Math.min(GRAIN, idleTimeout / 16);
    this.#alarm = new Alarm(clock, () => this.#look());
  }

  /** For how long a connection may rest from now on, instead of `idleTimeout`. */
  limit(connection: T, milliseconds: number): void {
    this.#limits.set(connection, milliseconds);
  }

  /** Whether a connection may rest at all. */
  allows(connection: T): boolean {
    return this.#limitOf(connection) > 0 && this.#isIntact(connection, "use");
  }

  begin(connection: T): void {
    const until = this.#clock.now() + this.#limitOf(connection);
    const rest: Rest = { until, unwatch: undefined };
    this.#rests.set(connection, rest);
    this.#ends.set(connection, until);
    this.#alarm.setFor(until);
    rest.unwatch = this.#care.watch?.(connection, () => this.#evict(connection, "invalid"));
    if (this.#rests.get(connection) !== rest) rest.unwatch?.(); // it was told at once
  }

  end(connection: T): void {
    const rest = this.#rests.get(connection);
    this.#rests.delete(connection);
    rest?.unwatch?.();
  }

  /** Looks after nobody any more. */
  stop(): void {
    this.#alarm.cancel();
  }

  /** Whether a connection has rested at all. */
  hasBegun(connection: T): boolean {
    return this.#ends.has(connection);
  }

  /** Whether a connection that has rested is as good as before. */
  wasGoodFor(connection: T): boolean {
    const until = this.#ends.get(connection) ?? Infinity;
    return this.#clock.now() < until && this.#isIntact(connection, "rest");
  }

  #limitOf(connection: T): number {
    return this.#limits.get(connection) ?? this.#idleTimeout;
  }

  #isIntact(connection: T, after: "use" | "rest"): boolean {
    return this.#care.isIntact?.(connection, after) ?? true;
  }

  #look(): void {
    const now = this.#clock.now();
    let next = Infinity;
    for (const [connection, { until }] of this.#rests) {
      if (until <= now) this.#evict(connection, "idle");
      else next = Math.min(next, until);
    }
    if (next !== Infinity) this.#alarm.setFor(Math.max(next, now + this.#grain));
  }
}

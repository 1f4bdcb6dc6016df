import { systemClock } from "../clock.ts";
import { type KeyedPoolOptions, KeyedPools, type KeyedPoolStats } from "../keyed_pools.ts";
import type { PoolEvents } from "../events.ts";
import type { Lease } from "../lease.ts";
import { type AcquireOptions, requireAmount } from "../options.ts";
import type { CloseOptions } from "../closing.ts";
import type { Reason } from "../resource.ts";
import type { PoolStats } from "../stats.ts";
import { restWithin } from "./keep_alive.ts";
import { Resting } from "./resting.ts";
import type { Care } from "./transport.ts";

/** What of a pool is not up to whoever uses connections. */
const ours = [
  "keyOf",
  "create",
  "destroy",
  "validate",
  "validateAfter",
  "validateTimeout",
  "keepAlive",
  "reusable",
  "onIdle",
  "onBusy",
  "leasesPerResource",
] as const;

/** How many connections there may be, and for how long: what is up to whoever uses them. */
export type Limits<To, T> = Omit<KeyedPoolOptions<To, T>, typeof ours[number]>;

/** Connections by where they go to. Those that rest are looked after. */
export class ConnectionPools<To, T extends object> {
  readonly #pools: KeyedPools<To, T>;
  readonly #resting: Resting<T>;

  constructor(
    keyOf: (to: To) => string,
    connect: (to: To, signal: AbortSignal) => Promise<T>,
    care: Care<T>,
    { idleTimeout = 30_000, ...limits }: Limits<To, T>,
  ) {
    const taken = ours.find((name) => name in limits);
    if (taken !== undefined) throw new TypeError(`There is no option ${taken}`);
    requireAmount(idleTimeout, "idleTimeout", 0);
    const clock = limits.clock ?? systemClock;
    const evict = (connection: T, reason: Reason) => this.evict(connection, reason);
    const resting = new Resting(care, idleTimeout, clock, evict);
    this.#resting = resting;
    this.#pools = new KeyedPools<To, T>({
      ...limits,
      keyOf,
      create: (to, context) => connect(to, context.signal),
      destroy: (connection) => {
        resting.end(connection);
        return care.close(connection);
      },
      reusable: (connection) => resting.allows(connection),
      onIdle: (connection) => resting.begin(connection),
      onBusy: (connection) => resting.end(connection),
      validate: (connection) => resting.wasGoodFor(connection),
      validateAfter: 0, // a look takes no longer than finding out whether it is worth it
      idleTimeout: Infinity, // each has its own time
    });
  }

  get stats(): KeyedPoolStats {
    return this.#pools.stats;
  }

  statsOf(to: To): PoolStats | undefined {
    return this.#pools.statsOf(to);
  }

  acquire(to: To, options?: AcquireOptions): Promise<Lease<T>> {
    return this.#pools.acquire(to, options);
  }

  tryAcquire(to: To): Lease<T> | null {
    return this.#pools.tryAcquire(to);
  }

  /** The server keeps a connection for so many milliseconds when nothing is asked of it. */
  keepFor(connection: T, promised: number): void {
    this.#resting.limit(connection, restWithin(promised));
  }

  /** Whether a leased connection was used before, or rested at least. */
  isUsed({ value, uses }: Lease<T>): boolean {
    return uses > 1 || this.#resting.hasBegun(value);
  }

  evict(which: T | ((connection: T) => boolean), reason?: Reason): number {
    return this.#pools.evict(which, reason);
  }

  on<Name extends keyof PoolEvents<T>>(
    event: Name,
    listener: (event: PoolEvents<T>[Name], to: To) => void,
  ): () => void {
    return this.#pools.on(event, listener);
  }

  async close(options?: CloseOptions): Promise<number> {
    const forced = await this.#pools.close(options);
    this.#resting.stop();
    return forced;
  }
}

import { type CloseOptions, timeoutOf } from "./closing.ts";
import { Engine } from "./engine.ts";
import type { PoolEvents } from "./events.ts";
import type { Lease } from "./lease.ts";
import {
  type AcquireOptions,
  type PoolOptions,
  type PoolSize,
  settle,
  settleSize,
} from "./options.ts";
import { type Reason, requireReason } from "./resource.ts";
import { type PoolStats, statsOf } from "./stats.ts";
import { use, type UseOptions } from "./use.ts";

/**
 * Resources that are dear to make, kept for the next one who needs them.
 *
 * @example Usage
 * ```ts
 * import { Pool } from "@posixly/pool";
 * import assert from "node:assert/strict";
 *
 * let made = 0;
 * const pool = new Pool({ create: () => ({ id: ++made }), max: 2 });
 * for (let i = 0; i < 10; i++) {
 *   using lease = await pool.acquire();
 *   assert.equal(lease.value.id, 1); // always the same
 * }
 * await pool.close();
 * ```
 */
export class Pool<T> implements AsyncDisposable {
  readonly #engine: Engine<T>;

  /**
   * Makes a pool, with nothing in it: the first resource is created when somebody asks.
   *
   * @param options How resources are made, and how many
   * @throws {TypeError | RangeError} If an option is not as described
   */
  constructor(options: PoolOptions<T>) {
    this.#engine = new Engine(settle(options));
  }

  /** What there is and what was done so far. */
  get stats(): PoolStats {
    return statsOf(this.#engine);
  }

  /** Whether {@linkcode Pool.close} was called. */
  get closed(): boolean {
    return this.#engine.closed;
  }

  /**
   * Leases a resource: one that rests, or the next that comes free, or a new one. Who came first is
   * served first. Whoever gives up waiting leaves nothing behind: what is being created for them
   * goes to somebody else.
   *
   * @param options How to wait
   * @returns The lease
   * @throws {AcquireTimeoutError} If nothing came free in time
   * @throws {TooManyWaitersError} If as many wait as may
   * @throws {PoolClosedError} If the pool is closed
   * @throws What `create` throws, if it was this one's turn; or the signal's reason
   */
  acquire(options?: AcquireOptions): Promise<Lease<T>> {
    return options === undefined ? this.#engine.acquire() : this.#engine.acquireWith(options);
  }

  /**
   * Leases a resource that rests, at once. One that has to be validated first, which takes a while,
   * is, and is there the next time.
   *
   * @returns The lease, or `null` if there is nothing, or others wait for it
   */
  tryAcquire(): Lease<T> | null {
    return this.#engine.tryAcquire();
  }

  /**
   * Leases a resource for as long as a function runs. If the function throws, the resource is
   * discarded, unless `keep` says otherwise.
   *
   * @param work What to do with the resource; it may end the lease by itself
   * @param options How to wait, and what to keep
   * @returns What the function returns
   * @throws What {@linkcode Pool.acquire} and the function throw
   */
  use<Result>(
    work: (resource: T, lease: Lease<T>) => Result | PromiseLike<Result>,
    options: UseOptions = {},
  ): Promise<Result> {
    return use((wait) => this.acquire(wait), work, options);
  }

  /**
   * Has resources destroyed: one that rests now, one that is leased when it is given back.
   *
   * @param which The resource, or a function that picks some. Resources that are functions
   * themselves have to be picked by one
   * @param reason What `destroy` and those who listen are told
   * @returns How many will go
   */
  evict(which: T | ((resource: T) => boolean), reason: Reason = "evicted"): number {
    requireReason(reason);
    return this.#engine.evict(which, reason);
  }

  /**
   * Creates what is missing to have `min` resources. Without it they are created once the first is
   * asked for.
   *
   * @returns Resolves when they are there
   * @throws What `create` throws
   * @throws {PoolClosedError} If the pool is closed meanwhile
   */
  fill(): Promise<void> {
    return this.#engine.fill();
  }

  /**
   * Changes how many there may be. If there are too many, those that rest are destroyed now, and
   * others when they are given back.
   *
   * @param size What changes
   * @throws {TypeError | RangeError} If it is not a size
   */
  resize(size: PoolSize): void {
    const { min, max, maxIdle } = this.#engine.settings;
    this.#engine.resize(settleSize(size, { min, max, maxIdle }));
  }

  /**
   * Hands out nothing until {@linkcode Pool.resume}; whoever acquires waits.
   *
   * @throws {PoolClosedError} If the pool is closed
   */
  suspend(): void {
    this.#engine.suspend(true);
  }

  /**
   * Hands out resources again.
   *
   * @throws {PoolClosedError} If the pool is closed
   */
  resume(): void {
    this.#engine.suspend(false);
  }

  /**
   * Waits until nobody has a lease and nobody waits for one. The pool stays as it is, so new leases
   * put it off.
   *
   * @returns Resolves when all is quiet
   */
  drain(): Promise<void> {
    return this.#engine.drain();
  }

  /**
   * Closes the pool: it hands out nothing any more, whoever waits gets a
   * {@linkcode PoolClosedError}, and everything is destroyed, what is leased when it is given back.
   * Once is enough: closing again waits for the same, with the earlier deadline.
   *
   * @param options How long leases may go on
   * @returns Resolves when everything is destroyed, with how many resources were still leased
   * when time was over; with 0, all went gracefully
   */
  close(options: CloseOptions = {}): Promise<number> {
    return this.#engine.closing.close(timeoutOf(options));
  }

  /** Closes the pool at the end of an `await using` block. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /**
   * Listens to what happens. A listener is called in the middle of it and should be quick; what it
   * throws does no harm.
   *
   * @param event What to listen to, see {@linkcode PoolEvents}
   * @param listener Called each time
   * @returns Stops listening
   */
  on<Name extends keyof PoolEvents<T>>(
    event: Name,
    listener: (event: PoolEvents<T>[Name]) => void,
  ): () => void {
    return this.#engine.events.on(event, listener);
  }
}

import { type Budget, SharedBudget } from "./budget.ts";
import { type CloseOptions, timeoutOf } from "./closing.ts";
import { Engine } from "./engine.ts";
import { PoolClosedError } from "./errors.ts";
import { Events, type Hub, type PoolEvents } from "./events.ts";
import type { Lease } from "./lease.ts";
import {
  type AcquireOptions,
  type CreateContext,
  type PoolOptions,
  type PoolSize,
  requireCount,
  requireFunction,
  requireKnown,
  settle,
} from "./options.ts";
import { type Reason, requireReason } from "./resource.ts";
import { type PoolStats, statsOf, sum } from "./stats.ts";
import { use, type UseOptions } from "./use.ts";

/**
 * What pools by key are made of: the options of a pool, which count for each key, and what counts
 * for all of them. There is no `min`: it would keep every key that was ever asked for, where one
 * without resources is forgotten.
 *
 * @example Usage
 * ```ts
 * import { type KeyedPoolOptions, KeyedPools } from "@posixly/pool";
 *
 * const options: KeyedPoolOptions<URL, object> = {
 *   keyOf: (url) => url.origin,
 *   create: (url) => ({ connectedTo: url.host }),
 *   max: 6,
 *   maxTotal: 100,
 * };
 * const pools = new KeyedPools(options);
 * using lease = await pools.acquire(new URL("https://example.org/some/page"));
 * ```
 */
export interface KeyedPoolOptions<Key, T> extends Omit<PoolOptions<T>, "create" | "min"> {
  /** Makes a resource for a key: another one each time. */
  create(key: Key, context: CreateContext): T | PromiseLike<T>;
  /** What makes two keys the same: those that have the same text share their resources. */
  keyOf(key: Key): string;
  /**
   * How many resources there are at most for all keys together. What rests for one key gives way
   * to what is wanted for another; by default any number.
   */
  maxTotal?: number;
  /** How many resources may rest for all keys together; by default any number. */
  maxIdleTotal?: number;
}

/**
 * What there is and what was done so far, for all keys together, see {@linkcode KeyedPools.stats}.
 * What was done for a key that is forgotten is not counted.
 *
 * @example Usage
 * ```ts
 * import { KeyedPools, type KeyedPoolStats } from "@posixly/pool";
 * import assert from "node:assert/strict";
 *
 * const pools = new KeyedPools({ keyOf: (key: string) => key, create: (key) => ({ key }) });
 * using a = await pools.acquire("a");
 * using b = await pools.acquire("b");
 * const { keys, leased }: KeyedPoolStats = pools.stats;
 * assert.deepEqual({ keys, leased }, { keys: 2, leased: 2 });
 * ```
 */
export interface KeyedPoolStats extends PoolStats {
  /** How many keys there is a resource for, or somebody who waits for one. */
  readonly keys: number;
}

/**
 * A pool for each key, such as a host and a port, with limits for each and for all of them. A key
 * without resources is forgotten.
 *
 * @example Usage
 * ```ts
 * import { KeyedPools } from "@posixly/pool";
 * import assert from "node:assert/strict";
 *
 * const pools = new KeyedPools({
 *   keyOf: (host: string) => host.toLowerCase(),
 *   create: (host) => ({ host }),
 * });
 * (await pools.acquire("Example.org")).release();
 * using lease = await pools.acquire("example.org"); // the same
 * assert.equal(lease.value.host, "Example.org");
 * ```
 */
export class KeyedPools<Key, T> implements AsyncDisposable {
  readonly #options: KeyedPoolOptions<Key, T>;
  #poolOptions: Omit<PoolOptions<T>, "create">;
  readonly #budget: SharedBudget;
  readonly #engines = new Map<string, Engine<T>>();
  readonly #events = new Events<T, Key>(() => this.#engines.forEach((engine) => engine.track()));
  #isClosed = false;

  /**
   * Makes the pools, with nothing in them.
   *
   * @param options How resources are made, and how many
   * @throws {TypeError | RangeError} If an option is not as described
   */
  constructor(options: KeyedPoolOptions<Key, T>) {
    const { create, keyOf, maxTotal = Infinity, maxIdleTotal = Infinity, ...rest } = options;
    requireFunction(create, "create");
    requireFunction(keyOf, "keyOf");
    requireCount(maxTotal, "maxTotal", 1);
    requireCount(maxIdleTotal, "maxIdleTotal", 0);
    if ("min" in rest) {
      throw new TypeError("There is no option min: a key without resources is forgotten");
    }
    settle({ ...rest, create: create as () => T }); // checks the others
    this.#options = options;
    this.#poolOptions = rest;
    this.#budget = new SharedBudget(maxTotal, maxIdleTotal);
  }

  /** What there is and what was done so far, for all keys together. */
  get stats(): KeyedPoolStats {
    const total = sum([...this.#engines.values()].map(statsOf));
    const { maxTotal = Infinity } = this.#options;
    return { ...total, max: Math.min(total.max, maxTotal), keys: this.#engines.size };
  }

  /**
   * What there is and what was done so far for one key.
   *
   * @param key The key
   * @returns The figures, or `undefined` if there is nothing
   */
  statsOf(key: Key): PoolStats | undefined {
    const engine = this.#engines.get(this.#options.keyOf(key));
    return engine && statsOf(engine);
  }

  /** Whether {@linkcode KeyedPools.close} was called. */
  get closed(): boolean {
    return this.#isClosed;
  }

  /**
   * Leases a resource for a key, as {@linkcode Pool.acquire} does.
   *
   * @param key The key
   * @param options How to wait
   * @returns The lease
   * @throws As {@linkcode Pool.acquire}, and what `keyOf` throws
   */
  acquire(key: Key, options?: AcquireOptions): Promise<Lease<T>> {
    try {
      if (this.#isClosed) throw new PoolClosedError();
      const text = this.#options.keyOf(key);
      const engine = this.#engines.get(text) ?? this.#begin(text, key);
      const lease = options === undefined ? engine.acquire() : engine.acquireWith(options);
      if (engine.isEmpty) this.#settled(text, engine);
      return lease;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Leases a resource that rests, at once, as {@linkcode Pool.tryAcquire} does.
   *
   * @param key The key
   * @returns The lease, or `null` if there is nothing, or others wait for it
   */
  tryAcquire(key: Key): Lease<T> | null {
    return this.#engines.get(this.#options.keyOf(key))?.tryAcquire() ?? null;
  }

  /**
   * Leases a resource for as long as a function runs, as {@linkcode Pool.use} does.
   *
   * @param key The key
   * @param work What to do with the resource
   * @param options How to wait, and what to keep
   * @returns What the function returns
   * @throws What {@linkcode KeyedPools.acquire} and the function throw
   */
  use<Result>(
    key: Key,
    work: (resource: T, lease: Lease<T>) => Result | PromiseLike<Result>,
    options: UseOptions = {},
  ): Promise<Result> {
    return use((wait) => this.acquire(key, wait), work, options);
  }

  /**
   * Has resources destroyed, of whatever key, as {@linkcode Pool.evict} does.
   *
   * @param which The resource, or a function that picks some
   * @param reason What `destroy` and those who listen are told
   * @returns How many will go
   */
  evict(which: T | ((resource: T) => boolean), reason: Reason = "evicted"): number {
    requireReason(reason);
    let count = 0;
    for (const engine of [...this.#engines.values()]) count += engine.evict(which, reason);
    return count;
  }

  /**
   * Changes how many there may be for each key, now and for those to come, as
   * {@linkcode Pool.resize} does.
   *
   * @param size What changes
   * @throws {TypeError | RangeError} If it is not a size
   */
  resize(size: Omit<PoolSize, "min">): void {
    requireKnown(size, ["max", "maxIdle"]);
    const before = this.#poolOptions;
    const after = { max: size.max ?? before.max, maxIdle: size.maxIdle ?? before.maxIdle };
    const create = this.#options.create as () => T;
    const { max, maxIdle } = settle({ ...before, ...after, create });
    const options = { ...before, ...after };
    this.#poolOptions = options;
    for (const engine of [...this.#engines.values()]) {
      if (this.#poolOptions !== options) return; // a hook has resized them all meanwhile
      engine.resize({ min: 0, max, maxIdle });
    }
  }

  /**
   * Closes all pools, as {@linkcode Pool.close} does.
   *
   * @param options How long leases may go on
   * @returns Resolves when everything is destroyed, with how many resources were still leased when
   * time was over
   */
  async close(options: CloseOptions = {}): Promise<number> {
    const timeout = timeoutOf(options);
    this.#isClosed = true;
    const engines = [...this.#engines.values()];
    const forced = await Promise.all(engines.map((engine) => engine.closing.close(timeout)));
    return forced.reduce((total, count) => total + count, 0);
  }

  /** Closes the pools at the end of an `await using` block. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /**
   * Listens to what happens, as {@linkcode Pool.on} does.
   *
   * @param event What to listen to, see {@linkcode PoolEvents}
   * @param listener Called each time, with the key as it was first given
   * @returns Stops listening
   */
  on<Name extends keyof PoolEvents<T>>(
    event: Name,
    listener: (event: PoolEvents<T>[Name], key: Key) => void,
  ): () => void {
    return this.#events.on(event, listener);
  }

  #begin(text: string, key: Key): Engine<T> {
    const { create } = this.#options;
    const settings = settle<T>({
      ...this.#poolOptions,
      create: (context) => create(key, context),
    });
    const budget: Budget = {
      take: () => this.#budget.take(engine),
      give: () => this.#budget.give(),
      rest: (change) => this.#budget.rest(engine, change),
      settled: () => this.#settled(text, engine),
    };
    const hub: Hub<T> = {
      has: (name) => this.#events.has(name),
      emit: (name, event) => this.#events.emit(name, event, key),
    };
    const engine: Engine<T> = new Engine(settings, budget, hub);
    this.#engines.set(text, engine);
    return engine;
  }

  #settled(text: string, engine: Engine<T>): void {
    // Not in the middle of what is going on: somebody may be about to wait.
    if (engine.isEmpty) queueMicrotask(() => this.#forgetIfEmpty(text, engine));
  }

  #forgetIfEmpty(text: string, engine: Engine<T>): void {
    if (!engine.isEmpty || this.#engines.get(text) !== engine) return;
    this.#engines.delete(text);
    this.#budget.forget(engine);
    engine.alarm.cancel();
  }
}

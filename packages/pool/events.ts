import { isPromise } from "./attempts.ts";
import { requireFunction, requireOneOf } from "./options.ts";
import type { Reason } from "./resource.ts";

/**
 * What a pool tells those who listen, see {@linkcode Pool.on}. Times are in milliseconds.
 *
 * @example Usage
 * ```ts
 * import { Pool, type PoolEvents } from "@posixly/pool";
 * import assert from "node:assert/strict";
 *
 * const gone: PoolEvents<object>["destroyed"][] = [];
 * const pool = new Pool({ create: () => ({}) });
 * pool.on("destroyed", (event) => gone.push(event));
 * (await pool.acquire()).discard();
 * assert.equal(gone[0].reason, "discarded");
 * ```
 */
export interface PoolEvents<T> {
  /** A resource was created, which took so long. */
  created: { resource: T; took: number };
  /** Creating one has failed; the next is not created before so much time has gone by. */
  createFailed: { error: unknown; retryIn: number };
  /** A resource is about to be destroyed. */
  destroyed: { resource: T; reason: Reason };
  /** A resource was leased to somebody who had waited so long. */
  acquired: { resource: T; waited: number };
  /** A lease has ended that was held for so long. */
  released: { resource: T; held: number };
  /** Somebody has waited so long in vain. */
  timedOut: { waited: number };
  /** A lease is held for longer than `leakAfter`; `stack` is where it was acquired. */
  leaked: { resource: T; held: number; stack: string };
  /**
   * A function that the pool was given has thrown, or rejected, when nobody was there to be told:
   * `destroy`, `validate`, `reusable`, `onIdle`, `onBusy`, a listener, or a `create` for nobody, unless
   * there is a listener for `createFailed`. If nobody listens, it is printed as a warning.
   */
  error: { error: unknown; during: string };
}

const names: readonly (keyof PoolEvents<unknown>)[] = [
  "created",
  "createFailed",
  "destroyed",
  "acquired",
  "released",
  "timedOut",
  "leaked",
  "error",
];

type Listener = (event: unknown, key: unknown) => unknown;

/** Who listens to several pools. */
export interface Hub<T> {
  has(name: keyof PoolEvents<T>): boolean;
  emit<Name extends keyof PoolEvents<T>>(name: Name, event: PoolEvents<T>[Name]): void;
}

/** Who listens to what; those who listen to several pools are told the key of each. */
export class Events<T, Key = void> {
  readonly #listeners = new Map<keyof PoolEvents<T>, Listener[]>();
  readonly #changed: () => void;
  readonly #hub: Hub<T> | null;

  /** @param changed Told when somebody begins or stops to listen */
  constructor(changed: () => void, hub: Hub<T> | null = null) {
    this.#changed = changed;
    this.#hub = hub;
  }

  on<Name extends keyof PoolEvents<T>>(
    name: Name,
    listener: (event: PoolEvents<T>[Name], key: Key) => void,
  ): () => void {
    requireOneOf(name, "event", names);
    requireFunction(listener, "listener");
    // Each call of `on` has a listener of its own.
    const once: Listener = (event, key) => listener(event as PoolEvents<T>[Name], key as Key);
    this.#listeners.set(name, [...this.#listeners.get(name) ?? [], once]);
    this.#changed();
    return () => {
      const left = this.#listeners.get(name)?.filter((other) => other !== once) ?? [];
      if (left.length > 0) this.#listeners.set(name, left);
      else this.#listeners.delete(name);
      this.#changed();
    };
  }

  has(name: keyof PoolEvents<T>): boolean {
    return this.#listeners.has(name) || (this.#hub !== null && this.#hub.has(name));
  }

  emit<Name extends keyof PoolEvents<T>>(
    name: Name,
    event: PoolEvents<T>[Name],
    key?: Key,
  ): void {
    this.#hub?.emit(name, event);
    for (const listener of this.#listeners.get(name) ?? []) {
      try {
        this.#follow(listener(event, key), (error) => this.#hasThrown(name, error, key));
      } catch (error) {
        this.#hasThrown(name, error, key);
      }
    }
  }

  #hasThrown(name: keyof PoolEvents<T>, error: unknown, key: Key | undefined): void {
    // Whoever throws while being told of errors is not told of that one.
    if (name === "error") warn(error, "a listener for errors");
    else this.report(error, `a listener for ${name}`, key);
  }

  /** For an error that nobody waits for. */
  report(error: unknown, during: string, key?: Key): void {
    if (this.has("error")) this.emit("error", { error, during }, key);
    else warn(error, during);
  }

  /** For what a function has returned of which nothing is expected: it may be a promise. */
  follow(answer: unknown, during: string): void {
    this.#follow(answer, (error) => this.report(error, during));
  }

  #follow(answer: unknown, rejected: (error: unknown) => void): void {
    if (isPromise(answer)) Promise.resolve(answer).catch(rejected);
  }
}

function warn(error: unknown, during: string): void {
  console.warn(`A pool has caught what ${during} has thrown:`, error);
}

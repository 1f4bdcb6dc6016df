import type { Engine } from "./engine.ts";
import { PoolClosedError } from "./errors.ts";
import { requireAmount, requireKnown } from "./options.ts";

/**
 * How to close a pool.
 *
 * @example Usage
 * ```ts
 * import { type CloseOptions, Pool } from "@posixly/pool";
 *
 * const soon: CloseOptions = { timeout: 5000 };
 * await new Pool({ create: () => ({}) }).close(soon);
 * ```
 */
export interface CloseOptions {
  /**
   * After how many milliseconds what is still leased is destroyed all the same, and nothing that
   * `destroy` has not done by then is waited for; by default never.
   */
  readonly timeout?: number;
}

/** Checks how to close, and tells how many milliseconds leases may go on. */
export function timeoutOf(options: CloseOptions): number {
  requireKnown(options, ["timeout"]);
  const { timeout = Infinity } = options;
  requireAmount(timeout, "timeout", 0);
  return timeout;
}

/** The end of a pool: gracefully, or by force when the time is over. */
export class Closing<T> {
  /** When what is still leased is destroyed. */
  deadline = Infinity;
  hasBegun = false;
  readonly #engine: Engine<T>;
  #closed: Promise<number> | undefined;
  #forced = 0;
  #isOver = false;

  constructor(engine: Engine<T>) {
    this.#engine = engine;
  }

  /** Resolves with how many were still leased when the time was over. */
  close(timeout: number): Promise<number> {
    const { settings, alarm } = this.#engine;
    if (!this.#isOver) {
      this.deadline = Math.min(this.deadline, settings.clock.now() + timeout);
      alarm.setFor(this.deadline);
    }
    return this.#closed ??= this.#close();
  }

  async #close(): Promise<number> {
    const { waiters, stock, alarm } = this.#engine;
    this.hasBegun = true;
    this.#engine.isShut = true;
    const error = new PoolClosedError();
    for (const waiter of waiters.toArray()) waiters.refuse(waiter, error);
    stock.callOff(error);
    for (const resource of stock.toArray()) this.#engine.retire(resource, "closed");
    await this.#engine.until(() => stock.size === 0);
    this.#isOver = true;
    alarm.cancel();
    return this.#forced;
  }

  /** Leases end, whoever has them; nothing that is under way is waited for, be it a destruction. */
  force(): void {
    const { stock } = this.#engine;
    this.deadline = Infinity;
    for (const resource of stock.toArray()) {
      if (resource.leases === 0) continue;
      this.#forced++;
      this.#engine.ended += resource.leases;
      resource.leases = 0;
      stock.destroy(resource);
    }
    stock.giveUp();
  }
}

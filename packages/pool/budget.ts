import type { Engine } from "./engine.ts";

/** What a pool asks that shares something with others. */
export interface Budget {
  /** Whether there may be one resource more, and now there is; if not, the pool is told later. */
  take(): boolean;
  /** There is one less. */
  give(): void;
  /** So many more rest, or fewer. */
  rest(change: 1 | -1): void;
  /** The pool has done what there was to do. */
  settled(): void;
}

/** How many resources several pools have together, and whose turn it is to have one more. */
export class SharedBudget {
  readonly #max: number;
  readonly #maxIdle: number;
  #taken = 0;
  #idle = 0;
  /** Resources that were destroyed for others, and are not gone yet. */
  #giving = 0;
  /** Who could not have one more, in the order they asked. */
  readonly #hungry = new Set<Engine<any>>();
  /** Where something rests, whoever has not laid anything to rest for the longest time first. */
  readonly #resting = new Set<Engine<any>>();

  constructor(max: number, maxIdle: number) {
    this.#max = max;
    this.#maxIdle = maxIdle;
  }

  take(engine: Engine<any>): boolean {
    if (this.#taken < this.#max) {
      this.#taken++;
      this.#hungry.delete(engine);
      return true;
    }
    this.#hungry.add(engine);
    this.#makeRoom();
    return false;
  }

  give(): void {
    this.#taken--;
    if (this.#giving > 0) this.#giving--;
    for (const engine of [...this.#hungry]) {
      if (this.#taken >= this.#max) return;
      this.#hungry.delete(engine);
      engine.changed(); // it may have changed its mind: then the next has its turn
    }
  }

  rest(engine: Engine<any>, change: 1 | -1): void {
    this.#idle += change;
    if (change === -1) return;
    this.#resting.delete(engine);
    this.#resting.add(engine);
    if (this.#idle > this.#maxIdle) this.#retireOldest();
    this.#makeRoom();
  }

  forget(engine: Engine<any>): void {
    this.#hungry.delete(engine);
    this.#resting.delete(engine);
  }

  /** What rests in one pool gives way to what is wanted in another. */
  #makeRoom(): void {
    for (const engine of this.#hungry) if (!engine.wantsMore) this.#hungry.delete(engine);
    while (this.#giving < this.#hungry.size && this.#idle > 0) {
      this.#giving++;
      this.#retireOldest();
    }
  }

  #retireOldest(): void {
    for (const engine of this.#resting) {
      const oldest = engine.shelf.oldest();
      if (oldest !== null) return engine.retire(oldest, "surplus");
      this.#resting.delete(engine);
    }
  }
}

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

/** A pool that shares something with others. */
export interface Sharer {
  /** Whether it would create a resource. */
  readonly wantsMore: boolean;
  /** Has it look again at what it may do. */
  changed(): void;
  /** Destroys what has rested the longest; whether anything does. */
  retireOldest(): boolean;
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
  readonly #hungry = new Set<Sharer>();
  /** Where something rests, whoever has not laid anything to rest for the longest time first. */
  readonly #resting = new Set<Sharer>();

  constructor(max: number, maxIdle: number) {
    this.#max = max;
    this.#maxIdle = maxIdle;
  }

  take(sharer: Sharer): boolean {
    if (this.#taken < this.#max) {
      this.#taken++;
      this.#hungry.delete(sharer);
      return true;
    }
    this.#hungry.add(sharer);
    this.#makeRoom();
    return false;
  }

  give(): void {
    this.#taken--;
    if (this.#giving > 0) this.#giving--;
    for (const sharer of [...this.#hungry]) {
      if (this.#taken >= this.#max) return;
      this.#hungry.delete(sharer);
      sharer.changed(); // it may have changed its mind: then the next has its turn
    }
  }

  rest(sharer: Sharer, change: 1 | -1): void {
    this.#idle += change;
    if (change === -1) return;
    this.#resting.delete(sharer);
    this.#resting.add(sharer);
    if (this.#idle > this.#maxIdle) this.#retireOldest();
    this.#makeRoom();
  }

  forget(sharer: Sharer): void {
    this.#hungry.delete(sharer);
    this.#resting.delete(sharer);
  }

  /** What rests in one pool gives way to what is wanted in another. */
  #makeRoom(): void {
    for (const sharer of this.#hungry) if (!sharer.wantsMore) this.#hungry.delete(sharer);
    while (this.#giving < this.#hungry.size && this.#idle > 0) {
      this.#giving++;
      this.#retireOldest();
    }
  }

  #retireOldest(): void {
    for (const sharer of this.#resting) {
      if (sharer.retireOldest()) return;
      this.#resting.delete(sharer);
    }
  }
}

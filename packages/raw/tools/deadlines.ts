import { Fifo } from "./fifo.ts";
import type { Departure } from "./round_trip.ts";

/**
 * Those who wait equally long, one after the other: the first is due first, so one time to wake up
 * is enough for all.
 */
export class Deadlines<T extends Departure> {
  readonly #wait: number;
  readonly #queue = new Fifo<T>();

  /** @param wait How long after it began each is due, in milliseconds */
  constructor(wait: number) {
    this.#wait = wait;
  }

  add(one: T): void {
    this.#queue.push(one);
  }

  /** When the first is due; `Infinity` if there is none. */
  get next(): number {
    const { first } = this.#queue;
    return first === undefined ? Infinity : first.began + this.#wait;
  }

  /** Takes those out that are due; those that nobody waits for any more are passed over. */
  *due(now: number, isOver: (one: T) => boolean = () => false): Generator<T, void, void> {
    for (let first; (first = this.#queue.first) !== undefined;) {
      const over = isOver(first);
      if (!over && first.began + this.#wait > now) return;
      this.#queue.skip();
      if (!over) yield first;
    }
  }
}

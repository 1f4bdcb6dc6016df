import type { Departure } from "./round_trip.ts";

/** Where the front of a queue is cut off. */
const LONG = 1024;

/**
 * Those who wait equally long, one after the other: the first is due first, so one time to wake up
 * is enough for all.
 */
export class Deadlines<T extends Departure> {
  readonly #wait: number;
  #queue: T[] = [];
  #front = 0;

  /** @param wait How long after it began each is due, in milliseconds */
  constructor(wait: number) {
    this.#wait = wait;
  }

  add(one: T): void {
    this.#queue.push(one);
  }

  /** When the first is due; `Infinity` if there is none. */
  get next(): number {
    const first = this.#queue[this.#front];
    return first === undefined ? Infinity : first.began + this.#wait;
  }

  /** Takes those out that are due, or that nobody waits for any more. */
  *due(now: number, isOver: (one: T) => boolean = () => false): Generator<T, void, void> {
    while (this.#front < this.#queue.length) {
      const first = this.#queue[this.#front];
      if (!isOver(first)) {
        if (first.began + this.#wait > now) return;
        this.#skip();
        yield first;
      } else this.#skip();
    }
  }

  #skip(): void {
    if (++this.#front < LONG) return;
    this.#queue = this.#queue.slice(this.#front);
    this.#front = 0;
  }
}

/**
 * What the kernel is not done with, by the number of the call that gave it: as the kernel counts, in
 * 32 bits, every call that succeeded.
 */
export class NumberedCalls<T> {
  readonly #given = new Map<number, T>();
  #next: number;

  /** @param next The number of the next call */
  constructor(next = 0) {
    this.#next = next;
  }

  /** How many calls it is not done with. */
  get size(): number {
    return this.#given.size;
  }

  /** Notes what the call gave that has just succeeded. */
  add(given: T): void {
    this.#given.set(this.#next, given);
    this.#next = next(this.#next);
  }

  /**
   * Takes out what the calls gave that the kernel says it is done with, from the first to the last of
   * them. What it has said before, it may say again.
   */
  take(first: number, last: number): T[] {
    const distance = (last - first) >>> 0;
    const taken = distance < this.#given.size
      ? this.#among(numbersFrom(first, distance))
      : this.#among([...this.#given.keys()].filter((n) => ((n - first) >>> 0) <= distance));
    // A datagram that was refused late, as by a firewall, fails and is counted all the same.
    if (((last - this.#next) >>> 0) < HALF) this.#next = next(last);
    return taken;
  }

  /** What is there now. */
  [Symbol.iterator](): IterableIterator<T> {
    return [...this.#given.values()].values();
  }

  #among(numbers: Iterable<number>): T[] {
    const taken: T[] = [];
    for (const number of numbers) {
      const given = this.#given.get(number);
      if (this.#given.delete(number)) taken.push(given!);
    }
    return taken;
  }
}

/** Of two numbers that are no further apart, it is plain which one comes later. */
const HALF = 2 ** 31;

function next(number: number): number {
  return (number + 1) >>> 0;
}

function* numbersFrom(first: number, distance: number): Generator<number, void, void> {
  for (let i = 0; i <= distance; i++) yield (first + i) >>> 0;
}

/** Where the front of a queue is cut off. */
const LONG = 1024;

/** First in, first out, however many there are. */
export class Fifo<T> {
  #all: T[];
  #front = 0;

  constructor(all: readonly T[] = []) {
    this.#all = [...all];
  }

  get length(): number {
    return this.#all.length - this.#front;
  }

  /** The one that is next; `undefined` if there is none. */
  get first(): T | undefined {
    return this.#all[this.#front];
  }

  push(one: T): void {
    this.#all.push(one);
  }

  /** The next few, which stay. */
  peek(count: number): T[] {
    return this.#all.slice(this.#front, this.#front + count);
  }

  /** Takes the next few out. */
  skip(count = 1): void {
    this.#front += count;
    if (this.#front < LONG && this.length > 0) return;
    this.#all = this.#all.slice(this.#front);
    this.#front = 0;
  }
}

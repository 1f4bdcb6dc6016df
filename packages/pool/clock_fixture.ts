import type { Clock } from "./mod.ts";

interface Timer {
  readonly at: number;
  readonly callback: () => void;
  isReferenced: boolean;
  ref(): void;
  unref(): void;
}

/** A clock that goes on when it is told to. */
export class TestClock implements Clock {
  time = 1000;
  /** How many timers were ever started. */
  started = 0;
  readonly #timers = new Set<Timer>();

  now(): number {
    return this.time;
  }

  setTimeout(callback: () => void, milliseconds: number): Timer {
    const timer = {
      at: this.time + milliseconds,
      callback,
      isReferenced: true,
      ref: () => void (timer.isReferenced = true),
      unref: () => void (timer.isReferenced = false),
    };
    this.started++;
    this.#timers.add(timer);
    return timer;
  }

  clearTimeout(timer: unknown): void {
    this.#timers.delete(timer as Timer);
  }

  get timers(): number {
    return this.#timers.size;
  }

  /** Whether a process would stay for one of the timers. */
  get isHeld(): boolean {
    return [...this.#timers].some(({ isReferenced }) => isReferenced);
  }

  /** Lets so much time go by, and calls what is due on the way. */
  advance(milliseconds: number): void {
    const until = this.time + milliseconds;
    for (let next = this.#next(until); next !== undefined; next = this.#next(until)) {
      this.time = Math.max(this.time, next.at);
      this.#timers.delete(next);
      next.callback();
    }
    this.time = until;
  }

  /** As a machine that has slept: the time is another, and all that was due is due at once. */
  jump(milliseconds: number): void {
    this.time += milliseconds;
    this.advance(0);
  }

  #next(until: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.at <= until && (next === undefined || timer.at < next.at)) next = timer;
    }
    return next;
  }
}

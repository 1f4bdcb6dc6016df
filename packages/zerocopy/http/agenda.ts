import { performance } from "node:perf_hooks";
import { type TimerFd, timerfd } from "@posixly/fd";
import { watch, type Watcher } from "@posixly/mux";
import { letGo } from "./let_go.ts";

/** What is to be done later: on the event loop, and within `run`, where no timer of theirs fires. */
export class Agenda {
  readonly #timer: TimerFd = timerfd();
  readonly #watcher: Watcher;
  /** When each is to be called, on the clock of `performance.now`. */
  readonly #due = new Map<() => void, number>();
  /** When the timer rings. */
  #rings = Infinity;
  #isReferenced = true;

  constructor() {
    try {
      this.#watcher = watch(this.#timer, { readable: true }, () => this.#ring()).unref();
    } catch (error) {
      letGo(this.#timer);
      throw error;
    }
  }

  /** Has something called after so many milliseconds, once; asked again meanwhile, only then. */
  after(milliseconds: number, call: () => void): void {
    const due = performance.now() + milliseconds;
    this.#due.set(call, due);
    this.#setTimer(due);
    this.#keepAlive();
  }

  /** Has it not called after all. The timer may ring for nothing then. */
  cancel(call: () => void): void {
    if (this.#due.delete(call)) this.#keepAlive();
  }

  /** Whether the program lives for as long as there is something to do; so it begins. */
  refer(isReferenced: boolean): void {
    this.#isReferenced = isReferenced;
    this.#keepAlive();
  }

  close(): void {
    this.#due.clear();
    letGo(this.#timer);
  }

  #ring(): void {
    if (this.#timer.expirations() === null) return;
    this.#rings = Infinity;
    const now = performance.now();
    try {
      const due = [...this.#due].filter(([, time]) => time <= now);
      for (const [call, time] of due.sort(([, a], [, b]) => a - b)) {
        if (this.#due.get(call) !== time) continue; // one before it has taken it back
        this.#due.delete(call);
        call();
      }
    } finally {
      if (this.#due.size > 0) this.#setTimer(Math.min(...this.#due.values()));
      this.#keepAlive();
    }
  }

  #setTimer(due: number): void {
    if (due >= this.#rings || this.#timer.closed) return;
    this.#rings = due;
    this.#timer.set({ after: Math.max(0, due - performance.now()) });
  }

  #keepAlive(): void {
    this.#watcher[this.#isReferenced && this.#due.size > 0 ? "ref" : "unref"]();
  }
}

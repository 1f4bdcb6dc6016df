import { performance } from "node:perf_hooks";
import { clearTimeout, setTimeout } from "node:timers";
import { LONGEST } from "./deadline.ts";

/**
 * Calls back when a time is over and not before, however long it is: a timer of the runtime ends
 * early if the thread was busy when it began, and at once if it is to be longer than 25 days. It
 * does not keep the program alive, which is up to what is waited for.
 */
export class Timer {
  readonly #until: number;
  readonly #callback: () => void;
  #timer!: ReturnType<typeof setTimeout>;

  constructor(milliseconds: number, callback: () => void) {
    this.#until = performance.now() + milliseconds;
    this.#callback = callback;
    this.#start();
  }

  /** Calls nobody any more. */
  clear(): void {
    clearTimeout(this.#timer);
  }

  #start(): void {
    const left = Math.max(Math.ceil(this.#until - performance.now()), 0);
    this.#timer = setTimeout(() => this.#end(), Math.min(left, LONGEST));
    this.#timer.unref();
  }

  #end(): void {
    if (performance.now() < this.#until) this.#start();
    else this.#callback();
  }
}

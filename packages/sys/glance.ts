import { clearInterval, setInterval } from "node:timers";
import type { Waker } from "./backend.ts";

/**
 * A waker for where the event loop cannot be told of a descriptor: it wakes every
 * few milliseconds, whether there is something to see or not.
 */
export class GlancingWaker implements Waker {
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(wake: () => void, milliseconds: number) {
    this.#timer = setInterval(wake, milliseconds);
  }

  ref(): void {
    this.#timer.ref();
  }

  unref(): void {
    this.#timer.unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }
}

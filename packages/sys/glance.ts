import { clearInterval, setInterval } from "node:timers";
import type { Waker } from "./backend.ts";

/**
 * A waker for where the event loop cannot be told of a descriptor: it wakes every
 * few milliseconds, whether there is something to see or not.
 */
export class GlancingWaker implements Waker {
  readonly #wake: () => void;
  readonly #milliseconds: number;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(wake: () => void, milliseconds: number) {
    this.#wake = wake;
    this.#milliseconds = milliseconds;
  }

  wait(how: "ref" | "unref" | "idle"): void {
    if (how === "idle") {
      clearInterval(this.#timer);
      this.#timer = undefined;
      return;
    }
    this.#timer ??= setInterval(this.#wake, this.#milliseconds);
    if (how === "ref") this.#timer.ref();
    else this.#timer.unref();
  }
}

import type { Clock } from "./clock.ts";

/** The longest that `setTimeout` can wait. */
const LONGEST = 2 ** 31 - 1;

type Referenced = { ref?(): void; unref?(): void } | undefined;

/** The only timer of a pool: it rings at the earliest time that anything wanted. */
export class Alarm {
  readonly #clock: Clock;
  readonly #ring: () => void;
  #at = Infinity;
  #timer: unknown;
  #isHeld = false;

  constructor(clock: Clock, ring: () => void) {
    this.#clock = clock;
    this.#ring = ring;
  }

  /** Makes sure that it rings soon after that time. */
  setFor(time: number): void {
    if (time >= this.#at) return;
    this.#stop();
    this.#at = time;
    const delay = Math.min(Math.max(1, Math.ceil(time - this.#clock.now())), LONGEST);
    this.#timer = this.#clock.setTimeout(() => {
      this.#at = Infinity;
      this.#ring();
    }, delay);
    if (!this.#isHeld) unref(this.#timer);
  }

  /** Whether the process has to stay for it. */
  hold(isHeld: boolean): void {
    if (isHeld === this.#isHeld) return;
    this.#isHeld = isHeld;
    if (this.#at === Infinity) return;
    if (isHeld) ref(this.#timer);
    else unref(this.#timer);
  }

  cancel(): void {
    this.#stop();
    this.#at = Infinity;
  }

  #stop(): void {
    if (this.#at !== Infinity) this.#clock.clearTimeout(this.#timer);
  }
}

/** Where timers are numbers, as in browsers, there is no process to hold up. */
function ref(timer: unknown): void {
  (timer as Referenced)?.ref?.();
}

function unref(timer: unknown): void {
  (timer as Referenced)?.unref?.();
}

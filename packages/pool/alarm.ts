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
  /** Holds the process while nothing is due. */
  #stay: unknown;

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
      this.#holdWhileNothingIsDue();
    }, delay);
    if (!this.#isHeld) unref(this.#timer);
    this.#holdWhileNothingIsDue();
  }

  /** Whether the process has to stay for it. */
  hold(isHeld: boolean): void {
    if (isHeld === this.#isHeld) return;
    this.#isHeld = isHeld;
    this.#holdWhileNothingIsDue();
    if (this.#at === Infinity) return;
    if (isHeld) ref(this.#timer);
    else unref(this.#timer);
  }

  cancel(): void {
    this.#stop();
    this.#at = Infinity;
    this.#holdWhileNothingIsDue();
  }

  #holdWhileNothingIsDue(): void {
    const isNeeded = this.#isHeld && this.#at === Infinity;
    if (isNeeded === (this.#stay !== undefined)) return;
    if (isNeeded) return void (this.#stay = this.#clock.setTimeout(() => this.#stayOn(), LONGEST));
    this.#clock.clearTimeout(this.#stay);
    this.#stay = undefined;
  }

  #stayOn(): void {
    this.#stay = undefined;
    this.#holdWhileNothingIsDue();
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

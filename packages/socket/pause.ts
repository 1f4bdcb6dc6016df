import { setTimeout } from "node:timers";
import { unlessGivenUp, type WaitOptions } from "@posixly/mux";

/** How long to wait at first, and at most. */
const FIRST_MS = 1;
const LONGEST_MS = 64;

/** Waits a while, longer each time, for what nothing in the kernel tells of. */
export class Pause {
  #length = FIRST_MS;

  /**
   * Waits.
   *
   * @throws The signal's reason, or a `TimeoutError`
   */
  async wait(options: WaitOptions): Promise<void> {
    const length = this.#length;
    this.#length = Math.min(length * 2, LONGEST_MS);
    await unlessGivenUp(new Promise<void>((resolve) => void setTimeout(resolve, length)), options);
  }
}

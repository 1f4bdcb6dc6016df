import { leftOf, unlessGivenUp } from "./giving_up.ts";
import type { WaitOptions } from "./wait.ts";

/**
 * Does one thing after the other, each when those before it have ended, one way or another. One
 * that is given up while it waits for its turn does not let the next one overtake.
 *
 * @example Usage
 * ```ts
 * import { TaskQueue } from "@posixly/mux";
 * import assert from "node:assert/strict";
 *
 * const queue = new TaskQueue();
 * const done: string[] = [];
 * const slow = queue.run(async () => {
 *   await new Promise((resolve) => setImmediate(resolve));
 *   done.push("slow");
 * });
 * const quick = queue.run(async () => void done.push("quick"));
 * await Promise.all([slow, quick]);
 * assert.deepEqual(done, ["slow", "quick"]);
 * ```
 */
export class TaskQueue {
  /** Settles when all tasks so far have ended; nothing if they have. */
  #last: Promise<unknown> | undefined;

  /** Whether nothing is waited for, so that a task would begin at once. */
  get isIdle(): boolean {
    return this.#last === undefined;
  }

  /**
   * Does something when its turn has come.
   *
   * @param task What to do; it is told how to give up what is left of the time
   * @param options How to give up
   * @returns What the task returns
   * @throws {TypeError | RangeError} If an option is not as described
   * @throws What the task throws; the signal's reason, or a `TimeoutError`
   */
  async run<T>(
    task: (wait: WaitOptions | undefined) => Promise<T>,
    options?: WaitOptions,
  ): Promise<T> {
    const wait = options === undefined ? undefined : leftOf(options);
    wait?.signal?.throwIfAborted();
    const before = this.#last;
    const done = before === undefined
      ? task(wait)
      : unlessGivenUp(before, wait ?? {}).then(() => task(wait));
    const last = this.#last = Promise.allSettled([before, done]).then(() => {
      if (this.#last === last) this.#last = undefined;
    });
    return await done;
  }
}

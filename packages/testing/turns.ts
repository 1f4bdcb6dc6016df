import { setImmediate } from "node:timers";

/**
 * Lets the event loop go round some times, so that what was begun has got as far as it can by
 * itself: it waits now for somebody else, or it has ended.
 *
 * That somebody else has been heard by then is not certain: a kernel that is asked on another
 * thread, as Deno does, may take hundreds of turns to answer. Wait for what the answer brings
 * about.
 *
 * @param times How often it goes round
 * @returns Resolves when it has
 *
 * @example Usage
 * ```ts
 * import { turns } from "@posixly/testing";
 * import assert from "node:assert/strict";
 *
 * let ended = false;
 * const work = async () => {
 *   for (const step of [1, 2, 3]) await step;
 *   ended = true;
 * };
 * work();
 * await turns();
 * assert.ok(ended);
 * ```
 */
export async function turns(times = 10): Promise<void> {
  for (let turn = 0; turn < times; turn++) {
    await new Promise<void>((resolve) => void setImmediate(resolve));
  }
}

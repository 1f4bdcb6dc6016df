import { setTimeout } from "node:timers";

/**
 * Lets a timer fire, as soon as it can: for a test that what is busy leaves timers their turn. To wait
 * for something else, wait for that.
 *
 * @returns Resolves when it has fired
 *
 * @example Usage
 * ```ts
 * import { timerFires } from "@posixly/testing";
 *
 * let isOver = false;
 * timerFires().then(() => isOver = true);
 * while (!isOver) await new Promise((resolve) => setImmediate(resolve)); // busy, but fair
 * ```
 */
export function timerFires(): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve));
}

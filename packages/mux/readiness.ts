import type { AsFd } from "@posixly/fd";
import { type Interest, interestOf, type Readiness, readinessOf } from "./events.ts";
import { fairTurn } from "./turn.ts";
import { waitFor, type WaitOptions } from "./wait.ts";

/**
 * Waits until one of several things is the case with a descriptor, and tells which. As
 * {@linkcode readable} otherwise.
 *
 * @param fd The descriptor
 * @param interest What to wait for; errors and hang-ups are told in any case
 * @param options How to give up
 * @returns What is the case
 * @throws As {@linkcode readable}
 *
 * @example Usage
 * ```ts
 * import { eventfd } from "@posixly/fd";
 * import { ready } from "@posixly/mux";
 * import assert from "node:assert/strict";
 *
 * using counter = eventfd();
 * const readiness = await ready(counter, { readable: true, writable: true });
 * assert.deepEqual([readiness.readable, readiness.writable], [false, true]);
 * ```
 */
export async function ready(
  fd: AsFd,
  interest: Interest,
  options?: WaitOptions,
): Promise<Readiness> {
  return readinessOf(await waitFor(fd, interestOf(interest), options));
}

/**
 * Each time that a descriptor is ready, as an async iterator. Take what is there in the loop's
 * body, or it is ready at once again.
 *
 * @param fd The descriptor
 * @param interest What to wait for; errors and hang-ups are told in any case
 * @param options How to give up each wait
 * @returns What is the case, time and again, until the loop is left
 * @throws As {@linkcode readable}
 *
 * @example Usage
 * ```ts
 * import { timerfd } from "@posixly/fd";
 * import { readiness } from "@posixly/mux";
 *
 * using timer = timerfd();
 * timer.set({ after: 0.3, every: 0.3 }); // milliseconds
 * let ticks = 0;
 * for await (const _ of readiness(timer, { readable: true })) {
 *   ticks += Number(timer.expirations());
 *   if (ticks >= 3) break;
 * }
 * ```
 */
export async function* readiness(
  fd: AsFd,
  interest: Interest,
  options?: WaitOptions,
): AsyncGenerator<Readiness, never, void> {
  const bits = interestOf(interest);
  for (;;) {
    const turn = fairTurn();
    if (turn !== undefined) await turn;
    yield readinessOf(await waitFor(fd, bits, options));
  }
}

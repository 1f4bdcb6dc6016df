import type { AsFd } from "@posixly/fd";
import { leftOf } from "./giving_up.ts";
import { fairTurn } from "./turn.ts";
import { readable, timedOut, type WaitOptions, writable } from "./wait.ts";

/**
 * Makes a call that would block, whenever a read would not, until it does not: how every method
 * that waits is made of a function that does not. A thread in which all calls succeed at
 * once still lets its event loop go round.
 *
 * @param fd The descriptor, non-blocking
 * @param attempt Makes the call; `null` is "not now"
 * @param options How to give up
 * @returns What `attempt` returned in the end
 * @throws What `attempt` throws, and as {@linkcode readable}
 *
 * @example Usage
 * ```ts
 * import { eventfd } from "@posixly/fd";
 * import { whenReadable } from "@posixly/mux";
 * import assert from "node:assert/strict";
 *
 * using counter = eventfd();
 * setImmediate(() => counter.add(3));
 * assert.equal(await whenReadable(counter, () => counter.take()), 3);
 * ```
 */
export function whenReadable<T>(
  fd: AsFd,
  attempt: () => T | null,
  options?: WaitOptions,
): Promise<T> {
  return when(readable, fd, attempt, options);
}

/**
 * As {@linkcode whenReadable}, for a call that writes.
 *
 * @param fd The descriptor, non-blocking
 * @param attempt Makes the call; `null` is "not now"
 * @param options How to give up
 * @returns What `attempt` returned in the end
 * @throws What `attempt` throws, and as {@linkcode writable}
 *
 * @example Usage
 * ```ts
 * import { eventfd } from "@posixly/fd";
 * import { whenWritable } from "@posixly/mux";
 *
 * using counter = eventfd();
 * await whenWritable(counter, () => counter.add(1));
 * ```
 */
export function whenWritable<T>(
  fd: AsFd,
  attempt: () => T | null,
  options?: WaitOptions,
): Promise<T> {
  return when(writable, fd, attempt, options);
}

async function when<T>(
  ready: typeof readable,
  fd: AsFd,
  attempt: () => T | null,
  options: WaitOptions | undefined,
): Promise<T> {
  // Others may take what had made us try.
  const wait = options === undefined ? undefined : leftOf(options);
  const turn = fairTurn();
  if (turn !== undefined) await turn;
  for (;;) {
    wait?.signal?.throwIfAborted();
    const result = attempt();
    if (result !== null) return result;
    if (wait?.timeout === 0) throw timedOut();
    await ready(fd, wait);
  }
}

import { performance } from "node:perf_hooks";
import { isMainThread } from "node:worker_threads";
import { requireInteger, requireKnown } from "@posixly/sys";
import { reactor } from "./reactor.ts";

/**
 * How {@linkcode run} waits.
 *
 * @example Usage
 * ```ts
 * import { eventfd } from "@posixly/fd";
 * import { run, type RunOptions, watch } from "@posixly/mux";
 *
 * const eager: RunOptions = { busyPoll: 50 };
 * using counter = eventfd(1);
 * const watching = watch(counter, { readable: true }, () => watching.close());
 * run(eager);
 * ```
 */
export interface RunOptions {
  /**
   * For how many microseconds to look again and again before the thread goes to sleep; by default
   * 0. It takes a processor, and saves the time that waking up takes.
   */
  readonly busyPoll?: number;
}

/**
 * A Worker that sleeps in the kernel cannot be terminated in Node, and the process could not
 * exit. So it wakes up this often to see whether it still should be there.
 */
const SLEEP_MS = isMainThread ? -1 : 100;

/**
 * Calls the callbacks of {@linkcode watch} and holds up the thread in between: the loop of a server
 * that has its thread for itself, which costs about what it costs in C. It returns when there is no watch
 * any more that is referenced, or after {@linkcode stop}.
 *
 * Nothing else happens meanwhile: no promise goes on, no timer fires, no signal handler of the
 * runtime is called. In a Worker it wakes up ten times a second, so that the Worker can be
 * terminated.
 *
 * @param options How to wait
 * @throws What a callback throws; the watches stay, and calling it again goes on with the next
 * callback, as does the event loop
 * @throws {Error} If it is running already in this thread
 * @throws {TypeError | RangeError} If an option is none
 *
 * @example Usage
 * ```ts
 * import { eventfd } from "@posixly/fd";
 * import { run, stop, watch } from "@posixly/mux";
 * import assert from "node:assert/strict";
 *
 * using counter = eventfd(3, { semaphore: true });
 * let calls = 0;
 * using watching = watch(counter, { readable: true }, () => {
 *   counter.take();
 *   if (++calls === 3) stop();
 * });
 * run();
 * assert.equal(calls, 3);
 * ```
 */
export function run(options: RunOptions = {}): void {
  requireKnown(options, ["busyPoll"]);
  const microseconds = requireInteger(options.busyPoll ?? 0, "busyPoll");
  if (isRunning) throw new Error("Cannot run a loop within the loop of the same thread");
  isRunning = true;
  try {
    while (!reactor.isHalted && reactor.isNeeded) {
      if (microseconds === 0 || !lookOften(microseconds)) reactor.dispatch(SLEEP_MS);
    }
  } finally {
    isRunning = false;
    reactor.isHalted = false;
    reactor.goOnSoon();
  }
}

/** Whether something came while it looked. */
function lookOften(microseconds: number): boolean {
  const until = performance.now() + microseconds / 1000;
  do {
    if (reactor.dispatch(0)) return true;
  } while (performance.now() < until);
  return false;
}

let isRunning = false;

/**
 * Has {@linkcode run} return once the callback that calls this has returned. What else is ready
 * then is told the next time, or on the event loop. Outside of such a callback it does nothing.
 *
 * @example Usage
 * ```ts
 * import { eventfd } from "@posixly/fd";
 * import { run, stop, watch } from "@posixly/mux";
 *
 * using counter = eventfd(1);
 * using watching = watch(counter, { readable: true }, () => stop());
 * run(); // until the first callback
 * ```
 */
export function stop(): void {
  if (isRunning) reactor.isHalted = true;
}

/**
 * Has this thread look again and again for a while before its event loop sleeps, whenever
 * somebody waits who keeps the program alive. An answer that comes within that time is seen at
 * once, and a round trip takes half of what it takes in C with a sleep; the price is a processor.
 *
 * @param microseconds For how long to look after each time that something came; 0 switches it off
 * @throws {TypeError | RangeError} If it is no whole number from 0
 *
 * @example Usage
 * ```ts
 * import { eventfd } from "@posixly/fd";
 * import { busyPoll, readable } from "@posixly/mux";
 *
 * busyPoll(100);
 * using counter = eventfd(1);
 * await readable(counter);
 * busyPoll(0);
 * ```
 */
export function busyPoll(microseconds: number): void {
  reactor.busyPoll = requireInteger(microseconds, "microseconds");
}

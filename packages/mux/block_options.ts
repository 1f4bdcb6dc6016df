import type { SignalName, Time } from "@posixly/fd";

/**
 * How long {@linkcode select}, {@linkcode poll} and {@linkcode Epoll.wait} hold up the thread.
 *
 * @example Usage
 * ```ts
 * import { eventfd } from "@posixly/fd";
 * import { type BlockOptions, poll } from "@posixly/mux";
 * import assert from "node:assert/strict";
 *
 * const briefly: BlockOptions = { timeout: 0.5 };
 * using counter = eventfd();
 * assert.deepEqual(poll([{ fd: counter, readable: true }], briefly), []);
 * ```
 */
export interface BlockOptions {
  /**
   * How long to wait if nothing is ready, in milliseconds or exactly: 0, the default, is not at
   * all, and `Infinity` for ever. A wait never ends early.
   *
   * The thread stands still meanwhile, with its event loop. A signal does not end the wait, and is
   * handled after it. A Worker of Node that waits for ever keeps the process from exiting, so have
   * it wait for an eventfd as well.
   */
  readonly timeout?: Time;
  /**
   * The signals that this thread blocks while it waits, in place of those that it blocks anyway;
   * an empty array blocks none. A signal to the process then goes to another of its threads, if
   * there is one that takes it.
   */
  readonly signalMask?: readonly (SignalName | number)[];
}

/** The names of {@linkcode BlockOptions}. */
export const blockOptions: readonly string[] = ["timeout", "signalMask"];

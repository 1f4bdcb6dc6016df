import type { SignalName, Time } from "@posixly/fd";

/**
 * How long {@linkcode select}, {@linkcode poll} and {@linkcode Epoll.wait} hold up the thread.
 *
 * @example Usage
 * ```ts
 * import { eventfd } from "@posixly/fd";
 * import { poll, type BlockOptions } from "@posixly/mux";
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
   * all, and `Infinity` for ever. The thread stands still meanwhile, with its event loop. A wait
   * never ends early; one that a signal interrupts goes on for the time that is left.
   */
  readonly timeout?: Time;
  /**
   * The signals that this thread blocks while it waits, in place of those that it blocks anyway;
   * 0 of them is none. A signal to the process goes to another thread then, if there is one that
   * takes it.
   */
  readonly signalMask?: readonly (SignalName | number)[];
}

/** The names of {@linkcode BlockOptions}. */
export const blockOptions: readonly string[] = ["timeout", "signalMask"];

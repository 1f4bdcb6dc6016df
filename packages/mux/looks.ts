import { reactor } from "./reactor.ts";

/**
 * How many times this thread has looked what is ready, for the callbacks of `watch`. Those that are
 * called between two looks are called for what came before the first of them: what one of them
 * asks the kernel about the state of things, the others need not ask again.
 *
 * @returns The number, which only grows, and only while somebody is waiting
 *
 * @example Usage
 * ```ts
 * import { eventfd } from "@posixly/fd";
 * import { looks, run, watch } from "@posixly/mux";
 * import assert from "node:assert/strict";
 *
 * using first = eventfd(1);
 * using second = eventfd(1);
 * const seen: number[] = [];
 * const watchers = [first, second].map((counter) =>
 *   watch(counter, { readable: true }, () => {
 *     seen.push(looks());
 *     if (seen.length === 2) { for (const watcher of watchers) watcher.close(); }
 *   })
 * );
 * run();
 * assert.equal(seen[0], seen[1]);
 * ```
 */
export function looks(): number {
  return reactor.looks;
}

import { setMaxListeners } from "node:events";

/**
 * Listens for a signal to abort, as any number of others may: one signal that ends a server is given
 * to all that it waits for, and Node 20 takes eleven listeners for a leak, and warns. To listen no
 * more, remove the listener.
 *
 * @param signal The signal, which has not aborted yet
 * @param listener Is called when it does, or its `handleEvent` is
 *
 * @example Usage
 * ```ts
 * import { onAbort } from "@posixly/mux";
 * import assert from "node:assert/strict";
 *
 * const controller = new AbortController();
 * let aborted = 0;
 * for (let i = 0; i < 100; i++) onAbort(controller.signal, () => aborted++);
 * controller.abort();
 * assert.equal(aborted, 100);
 * ```
 */
export function onAbort(
  signal: AbortSignal,
  listener: Parameters<AbortSignal["addEventListener"]>[1],
): void {
  if (signal instanceof EventTarget) setMaxListeners(0, signal);
  signal.addEventListener("abort", listener);
}

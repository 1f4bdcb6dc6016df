import { performance } from "node:perf_hooks";
import { setTimeout } from "node:timers";
import { onAbort } from "./on_abort.ts";
import { requireWaitOptions, timedOut, type WaitOptions } from "./wait.ts";

/**
 * One signal for both ways to give up a wait, for what takes several: the time goes on from one
 * to the next. It does not keep the program alive, which is up to what is waited for.
 *
 * @param options How to give up
 * @returns The signal; `undefined` if nobody will give up
 * @throws {TypeError | RangeError} If an option is not as described
 *
 * @example Usage
 * ```ts
 * import { eventfd } from "@posixly/fd";
 * import { readable, signalOf } from "@posixly/mux";
 * import assert from "node:assert/strict";
 *
 * using counter = eventfd();
 * const signal = signalOf({ timeout: 5 });
 * await assert.rejects(readable(counter, { signal }), { name: "TimeoutError" });
 * ```
 */
export function signalOf(options: WaitOptions): AbortSignal | undefined {
  requireWaitOptions(options);
  const { signal, timeout } = options;
  if (timeout === undefined || timeout === Infinity) return signal;
  const late = signalAfter(timeout);
  if (signal === undefined) return late;
  const either = AbortSignal.any([signal, late]);
  parts.set(either, [signal, late]);
  return either;
}

/** As `AbortSignal.timeout`, which may abort too early by as long as the thread was busy. */
function signalAfter(milliseconds: number): AbortSignal {
  const controller = new AbortController();
  const until = performance.now() + milliseconds;
  const wait = () => {
    const timer = setTimeout(() => {
      if (performance.now() < until) wait();
      else controller.abort(timedOut());
    }, Math.ceil(until - performance.now()));
    timer.unref();
  };
  wait();
  return controller.signal;
}

/**
 * What a signal is made of, for as long as that is there: Node 20 lets the parts be collected while
 * somebody listens to the whole, which then never aborts.
 */
const parts = new WeakMap<AbortSignal, readonly AbortSignal[]>();

/**
 * Waits for a promise that knows nothing of signals, and gives up waiting when one aborts. What the
 * promise stands for goes on.
 *
 * @param promise What to wait for
 * @param signal Ends the wait
 * @returns What the promise resolves to
 * @throws What it rejects with; or the signal's reason, if that aborts before
 *
 * @example Usage
 * ```ts
 * import { unlessAborted } from "@posixly/mux";
 * import assert from "node:assert/strict";
 *
 * const never = new Promise<void>(() => {});
 * const controller = new AbortController();
 * setImmediate(() => controller.abort());
 * await assert.rejects(unlessAborted(never, controller.signal), { name: "AbortError" });
 * ```
 */
export function unlessAborted<T>(promise: Promise<T>, signal?: AbortSignal): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
    if (signal.aborted) abort();
    else onAbort(signal, abort);
  });
}

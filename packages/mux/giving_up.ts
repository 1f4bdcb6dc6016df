import { performance } from "node:perf_hooks";
import { onAbort } from "./on_abort.ts";
import { Timer } from "./timer.ts";
import { requireWaitOptions, timedOut, type WaitOptions } from "./wait.ts";

/**
 * The same ways to give up, for what takes several waits: the time goes on from one to the next.
 * Nothing runs or listens between them, so there is nothing to be let go of in the end.
 *
 * @param options How to give up
 * @returns How to give up what is left: its `timeout` is what is left of the time, whenever it is
 * asked, and once that is over it throws a `TimeoutError`. Of no time, nothing is ever left or over
 * @throws {TypeError | RangeError} If an option is not as described
 *
 * @example Usage
 * ```ts
 * import { eventfd } from "@posixly/fd";
 * import { leftOf, readable } from "@posixly/mux";
 * import assert from "node:assert/strict";
 *
 * using counter = eventfd(2, { semaphore: true });
 * const wait = leftOf({ timeout: 5 });
 * const takeAll = async () => {
 *   for (;;) {
 *     await readable(counter, wait);
 *     counter.take();
 *   }
 * };
 * await assert.rejects(takeAll(), { name: "TimeoutError" });
 * ```
 */
export function leftOf(options: WaitOptions): WaitOptions {
  requireWaitOptions(options);
  const { signal, timeout = Infinity } = options;
  if (timeout === 0 || timeout === Infinity) return options;
  const until = performance.now() + timeout;
  return {
    signal,
    get timeout() {
      const left = until - performance.now();
      if (left <= 0) throw timedOut();
      return left;
    },
  };
}

/**
 * Calls back when somebody gives up, by a signal or by the clock. It does not keep the program
 * alive, which is up to what is waited for.
 *
 * @param options How to give up
 * @param callback Is told the reason, once; at once if the signal has aborted
 * @returns Stops listening, to be called when there is nothing to give up any more
 * @throws {TypeError | RangeError} If an option is not as described
 *
 * @example Usage
 * ```ts
 * import { onGivenUp } from "@posixly/mux";
 * import assert from "node:assert/strict";
 *
 * const controller = new AbortController();
 * const reasons: unknown[] = [];
 * const options = { signal: controller.signal, timeout: 60_000 };
 * const stop = onGivenUp(options, (reason) => reasons.push(reason));
 * controller.abort("enough");
 * stop(); // which is no error, although it is over
 * assert.deepEqual(reasons, ["enough"]);
 * ```
 */
export function onGivenUp(
  options: WaitOptions,
  callback: (reason: unknown) => void,
): () => void {
  requireWaitOptions(options);
  const { signal, timeout = Infinity } = options;
  const giveUp = (reason: unknown) => {
    stop();
    callback(reason);
  };
  const abort = () => giveUp(signal!.reason);
  const timer = timeout === Infinity ? undefined : new Timer(timeout, () => giveUp(timedOut()));
  const stop = () => {
    timer?.clear();
    signal?.removeEventListener("abort", abort);
  };
  if (signal?.aborted) abort();
  else if (signal !== undefined) onAbort(signal, abort);
  return stop;
}

/**
 * One signal for both ways to give up, for what takes nothing else. It is kept until the time is
 * over: for what is often done and ends sooner take {@linkcode leftOf}. It does not keep the
 * program alive, which is up to what is waited for.
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
  const { signal, timeout = Infinity } = options;
  if (timeout === Infinity) return signal;
  const controller = new AbortController();
  onGivenUp(options, (reason) => controller.abort(reason));
  return controller.signal;
}

/**
 * Waits for a promise that knows nothing of giving up. What the promise stands for goes on.
 *
 * @param promise What to wait for
 * @param options How to give up
 * @returns What the promise resolves to
 * @throws What it rejects with; the signal's reason, or a `TimeoutError`, if that comes before
 * @throws {TypeError | RangeError} If an option is not as described
 *
 * @example Usage
 * ```ts
 * import { unlessGivenUp } from "@posixly/mux";
 * import assert from "node:assert/strict";
 *
 * const slow = new Promise<void>((resolve) => setTimeout(resolve, 100));
 * await assert.rejects(unlessGivenUp(slow, { timeout: 5 }), { name: "TimeoutError" });
 * ```
 */
export async function unlessGivenUp<T>(promise: Promise<T>, options: WaitOptions): Promise<T> {
  let stop: (() => void) | undefined;
  try {
    return await new Promise((resolve, reject) => {
      promise.then(resolve, reject);
      stop = onGivenUp(options, reject);
    });
  } finally {
    stop?.();
  }
}

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
  return signal === undefined ? promise : unlessGivenUp(promise, { signal });
}

import type { AsFd } from "@posixly/fd";
import { requireInteger, requireKnown, show } from "@posixly/sys";
import { EPOLLIN, EPOLLOUT } from "./libc.ts";
import { onAbort } from "./on_abort.ts";
import { reactor } from "./reactor.ts";
import type { Registration, Waiter } from "./registration.ts";
import { Timer } from "./timer.ts";

/**
 * How to give up waiting.
 *
 * @example Usage
 * ```ts
 * import { eventfd } from "@posixly/fd";
 * import { readable, type WaitOptions } from "@posixly/mux";
 * import assert from "node:assert/strict";
 *
 * const soon: WaitOptions = { timeout: 5 };
 * using counter = eventfd();
 * await assert.rejects(readable(counter, soon), { name: "TimeoutError" });
 * ```
 */
export interface WaitOptions {
  /** Ends the wait with its `reason`. */
  readonly signal?: AbortSignal;
  /**
   * After how many milliseconds the wait ends with a `TimeoutError`, not before; by default, and
   * with `Infinity`, never. Any number up to `Number.MAX_SAFE_INTEGER` will do.
   */
  readonly timeout?: number;
}

/**
 * Waits until a read would not block: there is something, or the end, or an error. Any descriptor
 * that epoll(7) takes will do: sockets, pipes, eventfds, timerfds, pidfds, devices.
 *
 * It is a hint, as always: somebody else may have taken it by the time you read. Several may wait
 * for the same descriptor, and all of them are told. Pass the object that owns it rather than its
 * number: only then the wait ends when it is closed, and waiting again costs no call.
 *
 * @param fd The descriptor
 * @param options How to give up
 * @returns Resolves on the event loop
 * @throws {SyscallError} `EPERM` if it cannot be polled, as a regular file; `EBADF` if it is not
 * open; `EMFILE` or `ENFILE` if nobody else waits and there is no descriptor left to wait with
 * @throws {TypeError | RangeError} If an option is not as described
 * @throws {Error} If it is closed meanwhile
 * @throws {DOMException} `TimeoutError` after `timeout`; or the signal's reason, if it aborts
 *
 * @example Usage
 * ```ts
 * import { eventfd } from "@posixly/fd";
 * import { readable } from "@posixly/mux";
 * import assert from "node:assert/strict";
 *
 * using counter = eventfd();
 * setImmediate(() => counter.add(3));
 * await readable(counter);
 * assert.equal(counter.take(), 3);
 * ```
 */
export async function readable(fd: AsFd, options?: WaitOptions): Promise<void> {
  await waitFor(fd, EPOLLIN, options);
}

/**
 * Waits until a write would not block: there is room, nobody is left to read, or an error; of a
 * socket that connects: it is connected, or has failed. As {@linkcode readable} otherwise.
 *
 * @param fd The descriptor
 * @param options How to give up
 * @returns Resolves on the event loop
 * @throws As {@linkcode readable}
 *
 * @example Usage
 * ```ts
 * import { eventfd } from "@posixly/fd";
 * import { writable } from "@posixly/mux";
 *
 * using counter = eventfd();
 * await writable(counter); // at once: there is room
 * counter.add(1);
 * ```
 */
export async function writable(fd: AsFd, options?: WaitOptions): Promise<void> {
  await waitFor(fd, EPOLLOUT, options);
}

/** Waits for bits of epoll_ctl(2), and tells which there are. */
export function waitFor(fd: AsFd, interest: number, options?: WaitOptions): Promise<number> {
  // What is thrown in here rejects.
  return new Promise((resolve, reject) => {
    new Wait(interest, resolve, reject).begin(fd, options);
  });
}

/** Checks how to give up before anything is done that might have to be waited for. */
export function requireWaitOptions(options: WaitOptions): void {
  requireKnown(options, ["signal", "timeout"]);
  const { signal, timeout } = options;
  if (signal !== undefined && !isSignal(signal)) {
    throw new TypeError(`signal must be an AbortSignal, not ${show(signal)}`);
  }
  if (timeout !== undefined && timeout !== Infinity) {
    const whole = typeof timeout === "number" ? awayFromZero(timeout) : timeout;
    requireInteger(whole, "timeout", 0, Number.MAX_SAFE_INTEGER);
  }
}

/** Whether it can all that is asked of a signal, whoever has made it. */
function isSignal(signal: AbortSignal | null): boolean {
  return typeof signal?.throwIfAborted === "function" &&
    typeof signal.addEventListener === "function" &&
    typeof signal.removeEventListener === "function";
}

/** A fraction of a millisecond waits no less than that, and is no less wrong below 0. */
function awayFromZero(milliseconds: number): number {
  return milliseconds < 0 ? Math.floor(milliseconds) : Math.ceil(milliseconds);
}

/** One who waits once. */
class Wait implements Waiter {
  readonly interest: number;
  referenced = true;
  registration: Registration | undefined;
  readonly #resolve: (bits: number) => void;
  readonly #reject: (reason: unknown) => void;
  #signal: AbortSignal | undefined;
  #timer: Timer | undefined;

  constructor(
    interest: number,
    resolve: (bits: number) => void,
    reject: (reason: unknown) => void,
  ) {
    this.interest = interest;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  begin(fd: AsFd, options: WaitOptions | undefined): void {
    if (options !== undefined) requireWaitOptions(options);
    const { signal, timeout } = options ?? {};
    signal?.throwIfAborted();
    reactor.add(fd, this);
    this.#signal = signal;
    if (signal !== undefined) onAbort(signal, this);
    if (timeout !== undefined && timeout !== Infinity) {
      this.#timer = new Timer(timeout, () => this.#timeIsOver());
    }
  }

  /** What came in time is not too late, although nobody has looked yet. */
  #timeIsOver(): void {
    reactor.look();
    if (this.registration !== undefined) this.#giveUp(timedOut());
  }

  ready(bits: number): void {
    this.#end();
    this.#resolve(bits);
  }

  closed(): void {
    this.#end();
    this.#reject(new Error("Cannot wait any longer: the descriptor was closed"));
  }

  /** The signal aborts. */
  handleEvent(): void {
    this.#giveUp(this.#signal!.reason);
  }

  #giveUp(reason: unknown): void {
    this.#end();
    this.#reject(reason);
  }

  #end(): void {
    reactor.remove(this);
    this.#signal?.removeEventListener("abort", this);
    this.#timer?.clear();
  }
}

/** What a wait ends with when its time is over. */
export function timedOut(): DOMException {
  return new DOMException("Cannot wait any longer: the time is over", "TimeoutError");
}

import { show } from "@posixly/sys";
import { close, type EventFd, eventfd, write } from "@posixly/fd";
import { watch, type Watcher } from "./watch.ts";

/** What is shared: the number of an eventfd, and who uses it. */
const FD = 0;
const USE = 1;

/** The use: whether it is open, and 2 for each who is just waking. */
const OPEN = 1;
const USER = 2;

/** Both are 32 bits. */
const HANDLE_BYTES = 8;

/** What is added to the eventfd. */
const one = new BigUint64Array([1n]);

/**
 * Lets another thread, or anybody else who has its handle, wake this one: its event loop, or its
 * {@linkcode run}. Wakes that come together are told once, eventfd(2).
 *
 * Closing it is safe while others are waking: they are told that it is gone, and never meet the
 * descriptor that has the number then.
 *
 * @example Usage
 * ```ts
 * import { wake, Waker } from "@posixly/mux";
 *
 * const woken = new Promise<void>((resolve) => {
 *   const waker: Waker = new Waker(() => {
 *     waker.close();
 *     resolve();
 *   });
 *   wake(waker.handle); // as would a Worker that `handle` was posted to
 * });
 * await woken;
 * ```
 */
export class Waker implements Disposable {
  /** For {@linkcode wake} in another thread; `postMessage` takes it. */
  readonly handle: SharedArrayBuffer = new SharedArrayBuffer(HANDLE_BYTES);
  readonly #counter: EventFd;
  readonly #watcher: Watcher;

  /**
   * Begins to listen.
   *
   * @param callback Called in this thread, once for all wakes since the last time
   * @throws {SyscallError} `EMFILE` or `ENFILE` if too many descriptors are open
   * @throws {TypeError} If `callback` is no function
   */
  constructor(callback: () => void) {
    if (typeof callback !== "function") {
      throw new TypeError(`callback must be a function, not ${show(callback)}`);
    }
    const counter = this.#counter = eventfd();
    try {
      this.#watcher = watch(counter, { readable: true }, () => {
        counter.take();
        callback();
      });
    } catch (error) {
      counter.close();
      throw error;
    }
    new Int32Array(this.handle).set([counter.fd, OPEN]);
  }

  /** Keeps the program alive while it listens; so it begins. */
  ref(): this {
    this.#watcher.ref();
    return this;
  }

  /** Lets the program end although it listens. */
  unref(): this {
    this.#watcher.unref();
    return this;
  }

  /** Stops listening. */
  close(): void {
    if (this.#counter.closed) return;
    const fd = this.#counter.release();
    // Whoever is just waking needs it still; the last of them closes it then. If that one is a
    // Worker which is terminated right there, it stays open, and harms nobody.
    if (Atomics.and(new Int32Array(this.handle), USE, ~OPEN) === OPEN) close(fd);
  }

  /** Stops listening at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }
}

/**
 * Wakes the thread that a {@linkcode Waker} belongs to.
 *
 * @param handle The waker's `handle`
 * @returns Whether it is still listening
 * @throws {TypeError} If it is no such handle
 *
 * @example Usage
 * ```ts
 * import { wake, Waker } from "@posixly/mux";
 * import assert from "node:assert/strict";
 *
 * const waker = new Waker(() => {});
 * assert.equal(wake(waker.handle), true);
 * waker.close();
 * assert.equal(wake(waker.handle), false);
 * ```
 */
export function wake(handle: SharedArrayBuffer): boolean {
  if (!(handle instanceof SharedArrayBuffer) || handle.byteLength !== HANDLE_BYTES) {
    throw new TypeError("handle must be that of a Waker");
  }
  const state = new Int32Array(handle);
  if (!enter(state)) return false;
  try {
    write(state[FD], one); // full is as good as one more
  } finally {
    leave(state);
  }
  return true;
}

/** Keeps the descriptor from being closed, unless it is already. */
function enter(state: Int32Array): boolean {
  let use = Atomics.load(state, USE);
  while ((use & OPEN) !== 0) {
    const before = Atomics.compareExchange(state, USE, use, use + USER);
    if (before === use) return true;
    use = before;
  }
  return false;
}

function leave(state: Int32Array): void {
  if (Atomics.sub(state, USE, USER) === USER) close(state[FD]);
}

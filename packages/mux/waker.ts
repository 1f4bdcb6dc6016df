import { close, EventFd, eventfd, write } from "@posixly/fd";
import { watch, type Watcher } from "./watch.ts";

/** What is shared: the number of an eventfd, whether it is still ours, and who is about to use it. */
const FD = 0;
const OPEN = 1;
const USERS = 2;

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
  readonly handle: SharedArrayBuffer = new SharedArrayBuffer(12);
  readonly #counter: EventFd = eventfd();
  readonly #watcher: Watcher;

  /**
   * Begins to listen.
   *
   * @param callback Called in this thread, once for all wakes since the last time
   * @throws {SyscallError} `EMFILE` or `ENFILE` if too many descriptors are open
   * @throws {TypeError} If `callback` is no function
   */
  constructor(callback: () => void) {
    try {
      this.#watcher = watch(this.#counter, { readable: true }, () => {
        this.#counter.take();
        callback();
      });
    } catch (error) {
      this.#counter.close();
      throw error;
    }
    new Int32Array(this.handle).set([this.#counter.fd, 1, 0]);
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
    const state = new Int32Array(this.handle);
    if (Atomics.exchange(state, OPEN, 0) === 0) return;
    const fd = this.#counter.release();
    // Whoever has seen it open is about to write, which takes no longer than a call does.
    while (Atomics.load(state, USERS) > 0);
    close(fd);
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
  if (!(handle instanceof SharedArrayBuffer) || handle.byteLength !== 12) {
    throw new TypeError("handle must be that of a Waker");
  }
  const state = new Int32Array(handle);
  Atomics.add(state, USERS, 1);
  try {
    if (Atomics.load(state, OPEN) === 0) return false;
    write(state[FD], one); // full is as good as one more
    return true;
  } finally {
    Atomics.sub(state, USERS, 1);
  }
}

import type { AsFd } from "@posixly/fd";
import { bitsOf, show } from "@posixly/sys";
import { type EpollInterest, epollInterests } from "./epoll.ts";
import {
  type Interest,
  interests,
  type Readiness,
  readinessOf,
  requireInterest,
} from "./events.ts";
import { EPOLLET, EPOLLEXCLUSIVE, EPOLLONESHOT, EPOLLWAKEUP } from "./libc.ts";
import { reactor } from "./reactor.ts";
import type { Registration, Waiter } from "./registration.ts";

/** How to tell, among the bits of epoll_ctl(2); the others are what. */
const MODES = EPOLLET | EPOLLONESHOT | EPOLLEXCLUSIVE | EPOLLWAKEUP;

/**
 * Calls back whenever a descriptor is ready, on the event loop or within {@linkcode run}, epoll(7).
 * For as long as it is ready it calls again, once a turn, unless told otherwise: `edge` and
 * `oneShot` are for those who know that they have taken all there was.
 *
 * Pass the object that owns the descriptor rather than its number. Closing the object then ends the
 * watch, and nothing else does: a number alone has to be compared with what was registered at
 * each event, which takes a call more. One thread may watch a descriptor several times.
 *
 * A callback may close any watch, its own as well, and begin others; none that was closed is called
 * afterwards, even if its descriptor was ready in the same moment. What a callback throws is
 * reported as uncaught, and the watch goes on; within {@linkcode run} it is thrown from there.
 *
 * @param fd The descriptor
 * @param interest What to look for; errors and hang-ups are told in any case
 * @param callback Is told what is the case
 * @returns The watch, which keeps the program alive until it is closed or unreferenced
 * @throws {SyscallError} `EPERM` if the descriptor cannot be polled, as a regular file; `EBADF` if
 * it is not open; `EMFILE` or `ENFILE` if there is no descriptor left to wait with
 * @throws {TypeError} If the interest is none, or `callback` is no function
 * @throws {Error} If its number is watched in another mode and no owner was passed
 *
 * @example Usage
 * ```ts
 * import { eventfd } from "@posixly/fd";
 * import { watch } from "@posixly/mux";
 * import assert from "node:assert/strict";
 *
 * using counter = eventfd();
 * const seen: unknown[] = [];
 * const watching = watch(counter, { readable: true }, () => {
 *   seen.push(counter.take());
 *   if (seen.length === 1) counter.add(2);
 *   else watching.close();
 * });
 * counter.add(1);
 * await watching.ended;
 * assert.deepEqual(seen, [1, 2]);
 * ```
 */
export function watch(
  fd: AsFd,
  interest: EpollInterest,
  callback: (readiness: Readiness) => void,
): Watcher {
  if (typeof callback !== "function") {
    throw new TypeError(`callback must be a function, not ${show(callback)}`);
  }
  const bits = bitsOf(epollInterests, interest);
  const watching = new Watching(requireInterest(bits & ~MODES), callback);
  reactor.add(fd, watching, bits & MODES);
  return new Watcher(watching);
}

/**
 * A watch that goes on, see {@linkcode watch}.
 *
 * @example Usage
 * ```ts
 * import { eventfd } from "@posixly/fd";
 * import { watch, type Watcher } from "@posixly/mux";
 * import assert from "node:assert/strict";
 *
 * const counter = eventfd();
 * const watcher: Watcher = watch(counter, { readable: true }, () => {});
 * counter.close();
 * assert.ok(watcher.closed);
 * ```
 */
export class Watcher implements Disposable {
  readonly #watching: Watching;

  /**
   * Made by {@linkcode watch} alone.
   *
   * @param watching What waits
   */
  constructor(watching: Watching) {
    this.#watching = watching;
  }

  /** Whether it was closed, or its descriptor was. */
  get closed(): boolean {
    return this.#watching.registration === undefined;
  }

  /** Resolves when it was closed, or its descriptor was. */
  get ended(): Promise<void> {
    return this.#watching.ended;
  }

  /**
   * Looks for something else from now on; a `oneShot` is asked again. Whether it is told by
   * level or by edge stays as it is.
   *
   * With `{}` it rests: nothing is told, neither errors nor hang-ups, until it is modified once more.
   * A server rests what it reads from while the other side does not take more. Resting costs no
   * system call, or one, and the program goes on living for it.
   *
   * @param interest What to look for: `readable`, `writable`, `priority`, `readHangUp`
   * @throws {Error} If it was closed
   * @throws {SyscallError} `EINVAL` if it is `exclusive`; `EBADF` or `ENOENT` if the number was
   * closed
   * @throws {TypeError} If the interest is none
   */
  modify(interest: Interest): void {
    const bits = bitsOf(interests, interest);
    if (this.closed) throw new Error("Cannot modify a watch that was closed");
    reactor.modify(this.#watching, bits);
  }

  /** Keeps the program alive while this watch is open; so it begins. */
  ref(): this {
    reactor.refer(this.#watching, true);
    return this;
  }

  /** Lets the program end although this watch is open. */
  unref(): this {
    reactor.refer(this.#watching, false);
    return this;
  }

  /** Ends the watch; the descriptor stays open. After it returns, nothing is called any more. */
  close(): void {
    if (this.closed) return;
    reactor.remove(this.#watching);
    this.#watching.closed();
  }

  /** Ends the watch at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }
}

/** One who waits again and again. */
class Watching implements Waiter {
  interest: number;
  referenced = true;
  registration: Registration | undefined;
  readonly #callback: (readiness: Readiness) => void;
  #ended: Promise<void> | undefined;
  #end: (() => void) | undefined;

  constructor(interest: number, callback: (readiness: Readiness) => void) {
    this.interest = interest;
    this.#callback = callback;
  }

  get ended(): Promise<void> {
    return this.#ended ??= new Promise((resolve) => {
      if (this.registration === undefined) resolve();
      else this.#end = resolve;
    });
  }

  ready(bits: number): void {
    this.#callback(readinessOf(bits));
  }

  closed(): void {
    this.#end?.();
  }
}

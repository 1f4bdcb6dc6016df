import { setImmediate } from "node:timers";
import { backend } from "#backend";
import { requireInteger, show } from "./arguments.ts";
import type { Waker } from "./backend.ts";
import { errno } from "./errno.ts";
import { ok } from "./error.ts";
import {
  EPOLL_CLOEXEC,
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  epollEvent,
  EPOLLIN,
  F_DUPFD_CLOEXEC,
  libc,
} from "./libc.ts";

/**
 * A descriptor that the event loop watches, see {@linkcode watch}.
 *
 * @example Usage
 * ```ts
 * import { bind, ok, watch, type Watch } from "@posixly/sys";
 *
 * const libc = bind({ eventfd: ["i32", "u32", "i32"], close: ["i32", "i32"] });
 * const fd = ok(libc.eventfd(1, 0), "eventfd");
 * const readable: Watch = await new Promise((resolve) => {
 *   const watching = watch(fd, () => resolve(watching));
 * });
 * readable.close();
 * libc.close(fd);
 * ```
 */
export interface Watch extends Disposable {
  /** Keeps the program alive while this watch is open; so it begins. */
  ref(): this;
  /**
   * Lets the program end although this watch is open. In Deno, while no
   * watch is referenced, `onReady` may come 10 ms late; in Workers of Node it
   * may always come 1 ms late.
   */
  unref(): this;
  /** Ends the watch. After it returns, `onReady` is not called again. */
  close(): void;
}

/**
 * Calls back on the event loop when a descriptor is readable, at its end, or in
 * error: when a read would not block. As long as that stays so it calls again, once
 * a turn. Any descriptor that epoll(7) takes will do; to watch for writing, watch
 * an epoll descriptor that holds the one you mean.
 *
 * The watch holds a duplicate of the descriptor, so that a number which is closed
 * and given out again never confuses it. What is open stays open until the watch is
 * closed, therefore close the watch first. An error that `onReady` throws is
 * reported as uncaught and does not end the watch.
 *
 * @param fd The descriptor
 * @param onReady Called without arguments
 * @returns A handle that keeps the program alive until it is closed or unreferenced
 * @throws {SyscallError} `EPERM` if the descriptor cannot be polled, as a regular
 * file, `EBADF` if it is not open
 *
 * @example Usage
 * ```ts
 * import { bind, ok, watch } from "@posixly/sys";
 *
 * const libc = bind({ eventfd: ["i32", "u32", "i32"], close: ["i32", "i32"] });
 * const fd = ok(libc.eventfd(1, 0), "eventfd");
 * await new Promise<void>((resolve) => {
 *   const watching = watch(fd, () => {
 *     watching.close();
 *     resolve();
 *   });
 * });
 * libc.close(fd);
 * ```
 */
export function watch(fd: number, onReady: () => void): Watch {
  requireInteger(fd, "fd");
  if (typeof onReady !== "function") {
    throw new TypeError(`onReady must be a function, not ${show(onReady)}`);
  }
  // Before anything else is opened, which might get the number of a descriptor that is closed.
  const own = ok(libc.fcntl(fd, F_DUPFD_CLOEXEC, 0), "fcntl", { fd });
  try {
    return WatchSet.ofThread().add(own, fd, onReady);
  } catch (error) {
    libc.close(own);
    throw error;
  }
}

/** How many ready descriptors one look at the set may find. */
const BATCH = 64;

/**
 * The descriptors that one thread watches: an epoll set, which is the one
 * thing the runtime's event loop has to know of. The first watch opens it and it is
 * closed soon after the last one, so that a thread which ends leaves nothing behind.
 */
class WatchSet {
  static #ofThread: WatchSet | undefined;

  static ofThread(): WatchSet {
    return this.#ofThread ??= new WatchSet();
  }

  readonly #epoll = ok(libc.epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
  readonly #events = new Uint8Array(BATCH * epollEvent.size);
  /** By token. A token is never used twice, so an event that comes late finds no one. */
  readonly #callbacks = new Map<number, () => void>();
  #waker: Waker | undefined;
  #lastToken = 0;
  #referenced = 0;
  #closing = false;

  /** Watches a duplicate that is ours; `fd` is what the caller knows it by. */
  add(own: number, fd: number, onReady: () => void): Watch {
    const token = ++this.#lastToken;
    this.#register(own, fd, token);
    this.#callbacks.set(token, onReady);

    const isOpen = () => this.#callbacks.has(token);
    const reference = (change: number) => this.#reference(change);
    const remove = () => {
      this.#callbacks.delete(token);
      libc.epoll_ctl(this.#epoll, EPOLL_CTL_DEL, own, null);
      libc.close(own);
    };
    let referenced = true;
    return {
      ref() {
        if (isOpen() && !referenced) reference(+1);
        referenced = true;
        return this;
      },
      unref() {
        if (isOpen() && referenced) reference(-1);
        referenced = false;
        return this;
      },
      close() {
        if (!isOpen()) return;
        remove();
        reference(referenced ? -1 : 0);
      },
      [Symbol.dispose]() {
        this.close();
      },
    };
  }

  #register(own: number, fd: number, token: number): void {
    const event = epollEvent.encode({ events: EPOLLIN, data: token });
    try {
      ok(libc.epoll_ctl(this.#epoll, EPOLL_CTL_ADD, own, event), "epoll_ctl", { fd });
      this.#waker ??= backend.waker(this.#epoll, () => this.#dispatch());
      this.#reference(+1);
    } catch (error) {
      // Closing the duplicate would not do: what is open stays open, and so stays in the set.
      libc.epoll_ctl(this.#epoll, EPOLL_CTL_DEL, own, null);
      if (!this.#closing) this.#closeIfEmpty();
      throw error;
    }
  }

  #reference(change: number): void {
    const referenced = this.#referenced + change;
    if (referenced > 0) this.#waker?.ref();
    else if (this.#callbacks.size > 0) this.#waker?.unref();
    else this.#closeSoon();
    this.#referenced = referenced;
  }

  /** Not at once: whoever waits often, waits again before the event loop has gone round. */
  #closeSoon(): void {
    if (this.#closing) return;
    this.#closing = true;
    setImmediate(() => {
      this.#closing = false;
      this.#closeIfEmpty();
    });
  }

  #closeIfEmpty(): void {
    if (this.#callbacks.size > 0) return;
    WatchSet.#ofThread = undefined;
    this.#waker?.close();
    libc.close(this.#epoll);
  }

  #dispatch(): void {
    if (this.#callbacks.size === 0) return; // woken once more, after the end
    const ready = libc.epoll_wait(this.#epoll, this.#events, BATCH, 0);
    if (ready === -errno.EINTR) return;
    ok(ready, "epoll_wait");
    for (let i = 0; i < ready; i++) {
      const { data } = epollEvent.view(this.#events, i * epollEvent.size);
      // A callback before this one may have closed the watch.
      const onReady = this.#callbacks.get(data as number);
      try {
        onReady?.();
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}

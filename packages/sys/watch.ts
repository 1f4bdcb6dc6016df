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
  return WatchSet.ofThread().add(fd, onReady);
}

/** How many ready descriptors one look at the set may find. */
const BATCH = 64;

/**
 * The descriptors that one thread watches: an epoll set, which is the one
 * thing the runtime's event loop has to know of.
 */
class WatchSet {
  static #ofThread: WatchSet | undefined;

  static ofThread(): WatchSet {
    return this.#ofThread ??= new WatchSet(
      ok(libc.epoll_create1(EPOLL_CLOEXEC), "epoll_create1"),
    );
  }

  readonly #epoll: number;
  readonly #waker: Waker;
  readonly #events = new Uint8Array(BATCH * epollEvent.size);
  /** By token. A token is never used twice, so an event that comes late finds no one. */
  readonly #callbacks = new Map<number, () => void>();
  #lastToken = 0;
  #referenced = 0;

  private constructor(epoll: number) {
    this.#epoll = epoll;
    this.#waker = backend.waker(epoll, () => this.#dispatch());
  }

  add(fd: number, onReady: () => void): Watch {
    const own = ok(libc.fcntl(fd, F_DUPFD_CLOEXEC, 0), "fcntl", { fd });
    const token = ++this.#lastToken;
    const event = epollEvent.encode({ events: EPOLLIN, data: token });
    const added = libc.epoll_ctl(this.#epoll, EPOLL_CTL_ADD, own, event);
    if (added < 0) {
      libc.close(own);
      ok(added, "epoll_ctl", { fd });
    }
    this.#callbacks.set(token, onReady);
    this.#reference(+1);

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

  #reference(change: number): void {
    this.#referenced += change;
    const unreferenced = this.#callbacks.size > 0 ? "unref" : "idle";
    this.#waker.wait(this.#referenced > 0 ? "ref" : unreferenced);
  }

  #dispatch(): void {
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

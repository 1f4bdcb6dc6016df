import process from "node:process";
import { backend } from "#backend";
import { requireInteger, show } from "./arguments.ts";
import type { Waker } from "./backend.ts";
import { ok } from "./error.ts";
import {
  EPOLL_CLOEXEC,
  EPOLL_CTL_ADD,
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
   * Lets the program end although this watch is open. Where io_uring is forbidden, `onReady` may
   * come late: 10 ms in Deno, 1 ms in Workers of Node.
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
 * Each watch costs the event loop a handle of its own and, but for Node's main thread, an io_uring;
 * where that is forbidden, Deno one of its 32 threads for blocking calls. Whoever waits for many descriptors puts them into one epoll descriptor and
 * watches that; `@posixly/mux` does.
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
    requirePollable(own, fd);
    return new Watching(own, onReady);
  } catch (error) {
    libc.close(own);
    throw error;
  }
}

/** Asks epoll, which refuses what cannot be polled; the runtimes would end the process. */
function requirePollable(own: number, fd: number): void {
  const epoll = ok(libc.epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
  const readable = epollEvent.encode({ events: EPOLLIN });
  const added = libc.epoll_ctl(epoll, EPOLL_CTL_ADD, own, readable);
  libc.close(epoll);
  ok(added, "epoll_ctl", { fd });
}

/** One descriptor, a duplicate that is ours, on the event loop. */
class Watching implements Watch {
  /**
   * What is closed on exit: a Worker leaves its descriptors open when it ends, and Node's event
   * loop turns once more after the last JavaScript has run.
   */
  static readonly #all = new Set<Watching>();
  static {
    process.once("exit", () => this.#all.forEach((watching) => watching.close()));
  }

  readonly #own: number;
  readonly #onReady: () => void;
  readonly #waker: Waker;

  constructor(own: number, onReady: () => void) {
    this.#own = own;
    this.#onReady = onReady;
    this.#waker = backend.waker(own, () => this.#wake());
    Watching.#all.add(this);
  }

  get #isOpen(): boolean {
    return Watching.#all.has(this);
  }

  ref(): this {
    if (this.#isOpen) this.#waker.ref();
    return this;
  }

  unref(): this {
    if (this.#isOpen) this.#waker.unref();
    return this;
  }

  close(): void {
    if (!Watching.#all.delete(this)) return;
    this.#waker.close();
    libc.close(this.#own);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #wake(): void {
    if (!this.#isOpen) return; // woken once more, after the end
    try {
      this.#onReady();
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  }
}

import { performance } from "node:perf_hooks";
import { setImmediate } from "node:timers";
import { type AsFd, type TimerFd, timerfd } from "@posixly/fd";
import { unlessAborted, watch, type Watcher } from "@posixly/mux";

/**
 * Waits for whatever comes first: something at one of many sockets, a point in time, a signal to
 * abort. One timer serves all that is waited for, however much that is.
 */
export class Vigil implements Disposable {
  readonly #timer: TimerFd = timerfd();
  readonly #signal: AbortSignal | undefined;
  readonly #watchers: Watcher[] = [];
  readonly #wake = () => {
    this.#hasNews = true;
    this.#resolve?.();
  };
  #hasNews = false;
  #resolve: (() => void) | undefined;

  constructor(signal: AbortSignal | undefined) {
    this.#signal = signal;
    try {
      this.watch(this.#timer);
    } catch (error) {
      this.#timer.close();
      throw error;
    }
  }

  /**
   * Looks after a descriptor from now on. By edge: whoever is woken takes all there is, and nobody
   * is woken again and again while he is at something else.
   */
  watch(fd: AsFd, interest: { readable?: boolean; writable?: boolean } = readable): Watcher {
    const watcher = watch(fd, { ...interest, edge: true }, this.#wake);
    this.#watchers.push(watcher);
    return watcher;
  }

  /**
   * Resolves when there is something to see, or at a time of `performance.now()`.
   *
   * @throws The signal's reason
   */
  async until(time: number): Promise<void> {
    this.#signal?.throwIfAborted();
    const left = time - performance.now();
    if (this.#hasNews || left <= 0) {
      this.#hasNews = false;
      return await anotherTurn();
    }
    if (left !== Infinity) this.#timer.set({ after: left });
    try {
      await unlessAborted(new Promise<void>((resolve) => this.#resolve = resolve), this.#signal);
    } finally {
      this.#resolve = undefined;
      this.#hasNews = false;
      this.#timer.stop();
    }
  }

  [Symbol.dispose](): void {
    for (const watcher of this.#watchers) watcher.close();
    this.#timer.close();
  }
}

const readable = { readable: true };

/** What is always there must not keep everybody else from what is theirs. */
function anotherTurn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

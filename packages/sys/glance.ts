import { clearInterval, setInterval } from "node:timers";
import type { Waker } from "./backend.ts";
import { libc, pollfd, POLLIN } from "./libc.ts";

/**
 * A waker for where the event loop cannot be told of a descriptor: it looks every
 * few milliseconds.
 */
export class GlancingWaker implements Waker {
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(fd: number, wake: () => void, milliseconds: number) {
    const polled = pollfd.encode({ fd, events: POLLIN });
    this.#timer = setInterval(() => {
      if (libc.poll(polled, 1, 0) > 0) wake();
    }, milliseconds);
  }

  ref(): void {
    this.#timer.ref();
  }

  unref(): void {
    this.#timer.unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }
}

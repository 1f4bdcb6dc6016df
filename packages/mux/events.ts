import { bitsOf } from "@posixly/sys";
import { EPOLLERR, EPOLLHUP, EPOLLIN, EPOLLOUT, EPOLLPRI, EPOLLRDHUP } from "./libc.ts";

/** The bits of {@linkcode Interest} to epoll; to poll(2) they are the same. */
export const interests: Record<keyof Interest, number> = {
  readable: EPOLLIN,
  writable: EPOLLOUT,
  priority: EPOLLPRI,
  readHangUp: EPOLLRDHUP,
};

/**
 * What to wait for. Errors and hang-ups are told whether asked for or not.
 *
 * @example Usage
 * ```ts
 * import { eventfd } from "@posixly/fd";
 * import { type Interest, poll } from "@posixly/mux";
 * import assert from "node:assert/strict";
 *
 * const interest: Interest = { readable: true, writable: true };
 * using counter = eventfd();
 * const [{ readable, writable }] = poll([{ fd: counter, ...interest }]);
 * assert.deepEqual({ readable, writable }, { readable: false, writable: true });
 * ```
 */
export interface Interest {
  /** There is something to read, or to accept: `POLLIN`. */
  readonly readable?: boolean;
  /** There is room to write, or a connection was made: `POLLOUT`. */
  readonly writable?: boolean;
  /**
   * Something exceptional: out-of-band bytes of TCP, a change of a GPIO or of an attribute in
   * `/sys`, a new state of a pseudoterminal in packet mode: `POLLPRI`.
   */
  readonly priority?: boolean;
  /** The peer of a stream socket has closed it, or its half for writing: `POLLRDHUP`. */
  readonly readHangUp?: boolean;
}

/**
 * What is the case with a descriptor. What was not asked for is `false`, but for the last two.
 *
 * @example The end of a pipe
 * ```ts
 * import { poll, type Readiness } from "@posixly/mux";
 * import { pipe } from "@posixly/pipe";
 * import assert from "node:assert/strict";
 *
 * using ends = pipe();
 * ends.writer.close();
 * const readiness: Readiness = poll([{ fd: ends.reader, readable: true }])[0];
 * assert.deepEqual([readiness.readable, readiness.hangUp], [false, true]);
 * ```
 */
export interface Readiness {
  /** There is something to read, or to accept; also the end of file, but not that of a pipe. */
  readonly readable: boolean;
  /** There is room to write, or a connection was made. */
  readonly writable: boolean;
  /** Something exceptional, see {@linkcode Interest}. */
  readonly priority: boolean;
  /** The peer of a stream socket has closed it, or its half for writing. */
  readonly readHangUp: boolean;
  /**
   * Nobody is at the other end any more: no writer of a pipe, no peer of a socket. What they
   * wrote can still be read: `POLLHUP`.
   */
  readonly hangUp: boolean;
  /** There is an error, which the next call tells; or no reader of a pipe: `POLLERR`. */
  readonly error: boolean;
}

/** The bits that the kernel reported, by their names. */
export function readinessOf(bits: number): Readiness {
  return {
    readable: (bits & EPOLLIN) !== 0,
    writable: (bits & EPOLLOUT) !== 0,
    priority: (bits & EPOLLPRI) !== 0,
    readHangUp: (bits & EPOLLRDHUP) !== 0,
    hangUp: (bits & EPOLLHUP) !== 0,
    error: (bits & EPOLLERR) !== 0,
  };
}

/** The bits to wait for, of which there must be one at least. */
export function interestOf(interest: Interest): number {
  return requireInterest(bitsOf(interests, interest));
}

/** Checks that there is something to wait for. */
export function requireInterest(bits: number): number {
  if (bits !== 0) return bits;
  throw new TypeError(`interest must be one of ${Object.keys(interests).join(", ")} at least`);
}

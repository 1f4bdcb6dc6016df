import { type AsFd, fdOf, OwnedFd } from "@posixly/fd";
import { bitsOf, ok, requireInteger64, requireKnown } from "@posixly/sys";
import { type EpollEvents, setLength, wordsOf } from "./epoll_events.ts";
import { writeToken } from "./epoll_token.ts";
import { epollWait } from "./epoll_wait.ts";
import { type Interest, interests } from "./events.ts";
import {
  EPOLL_CLOEXEC,
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  EPOLL_CTL_MOD,
  EPOLLET,
  epollEvent,
  EPOLLEXCLUSIVE,
  EPOLLONESHOT,
  EPOLLWAKEUP,
  libc,
} from "./libc.ts";
import { type BlockOptions, blockOptions } from "./block_options.ts";

/** The bits of {@linkcode EpollInterest}. */
export const epollInterests: Record<keyof EpollInterest, number> = {
  ...interests,
  edge: EPOLLET,
  oneShot: EPOLLONESHOT,
  exclusive: EPOLLEXCLUSIVE,
  wakeUp: EPOLLWAKEUP,
};

/** The largest token, 64 bits. */
const MAX = 2n ** 64n - 1n;

/** What epoll_ctl(2) is handed, used again by every call: no two are ever under way. */
const change = new Int32Array(new ArrayBuffer(epollEvent.size));

/**
 * What an {@linkcode Epoll} is to look for, and how to tell. By default it tells for as long as
 * it is the case, level-triggered.
 *
 * @example Told once for each time that something comes
 * ```ts
 * import { eventfd } from "@posixly/fd";
 * import { epoll, EpollEvents, type EpollInterest } from "@posixly/mux";
 * import assert from "node:assert/strict";
 *
 * const interest: EpollInterest = { readable: true, edge: true };
 * using counter = eventfd(1);
 * using set = epoll();
 * set.add(counter, interest);
 * const events = new EpollEvents();
 * assert.deepEqual([set.wait(events), set.wait(events)], [1, 0]);
 * counter.add(1);
 * assert.deepEqual([set.wait(events), set.wait(events)], [1, 0]);
 * ```
 */
export interface EpollInterest extends Interest {
  /**
   * Tells when something comes, and not again for what was there already, so read or write until
   * it would block: `EPOLLET`.
   */
  readonly edge?: boolean;
  /** Tells once, and then nothing until {@linkcode Epoll.modify} asks again: `EPOLLONESHOT`. */
  readonly oneShot?: boolean;
  /**
   * Of several sets with the same descriptor one or more are woken, but not all: `EPOLLEXCLUSIVE`.
   * Only with `readable`, `writable`, `edge` and `wakeUp`, and it cannot be modified.
   */
  readonly exclusive?: boolean;
  /**
   * Keeps the machine awake while an event is dealt with, until the next wait: `EPOLLWAKEUP`.
   * Without `CAP_BLOCK_SUSPEND` nothing of that happens, and no error either.
   */
  readonly wakeUp?: boolean;
}

/**
 * Opens a set of descriptors to wait for, epoll_create1(2). The set is a descriptor as well,
 * readable while it has events, and may be in another set.
 *
 * @returns The set, with nothing in it
 * @throws {SyscallError} `EMFILE` or `ENFILE` if too many descriptors are open
 *
 * @example As in C
 * ```ts
 * import { read, write } from "@posixly/fd";
 * import { epoll, EpollEvents } from "@posixly/mux";
 * import { pipe } from "@posixly/pipe";
 * import assert from "node:assert/strict";
 *
 * using ends = pipe();
 * using set = epoll(); // epfd = epoll_create1(EPOLL_CLOEXEC);
 * set.add(ends.reader, { readable: true }); // epoll_ctl(epfd, EPOLL_CTL_ADD, fds[0], &event);
 * write(ends.writer, new TextEncoder().encode("hello"));
 *
 * const events = new EpollEvents(64); // struct epoll_event events[64];
 * const n = set.wait(events, { timeout: Infinity }); // n = epoll_wait(epfd, events, 64, -1);
 * const buffer = new Uint8Array(16);
 * for (let i = 0; i < n; i++) {
 *   if (events.token(i) === ends.reader.fd) { // events[i].data.fd == fds[0]
 *     assert.equal(read(ends.reader, buffer), 5);
 *   }
 * }
 * ```
 */
export function epoll(): Epoll {
  return new Epoll(ok(libc.epoll_create1(EPOLL_CLOEXEC), "epoll_create1"));
}

/**
 * The set that {@linkcode epoll} opens; or take one over that came from elsewhere.
 *
 * What is in the set is what was open when it was added, under that number: close the descriptor
 * and it leaves the set by itself, unless a duplicate or another process still has it open. Then
 * the events go on and cannot be stopped any more, so {@linkcode Epoll.remove} it first.
 *
 * @example Usage
 * ```ts
 * import { eventfd } from "@posixly/fd";
 * import { Epoll, epoll, EpollEvents } from "@posixly/mux";
 * import assert from "node:assert/strict";
 *
 * using counter = eventfd();
 * using set = new Epoll(epoll().release());
 * set.add(counter, { readable: true });
 * const events = new EpollEvents(1);
 * assert.equal(set.wait(events, { timeout: 0.2 }), 0); // for 200 microseconds
 * counter.add(1);
 * assert.equal(set.wait(events), 1);
 * ```
 */
export class Epoll extends OwnedFd {
  /**
   * Adds a descriptor, `EPOLL_CTL_ADD`.
   *
   * @param fd The descriptor
   * @param interest What to look for; errors and hang-ups are told in any case
   * @param token What its events bear, up to 2 ** 64 - 1; by default its number
   * @throws {SyscallError} `EPERM` if it cannot be waited for, as a regular file or a directory;
   * `EEXIST` if it is there already; `EBADF` if it is not open; `EINVAL` if it is the set itself,
   * or `exclusive` and something that does not go with it; `ELOOP` if it is a set that would wait
   * for itself, or sets within sets are more than 5; `ENOSPC` if the user has added too
   * many, see `/proc/sys/fs/epoll/max_user_watches`
   * @throws {TypeError | RangeError} If the interest or the token is none
   */
  add(fd: AsFd, interest: EpollInterest, token?: number | bigint): void {
    this.#control(EPOLL_CTL_ADD, fd, interest, token);
  }

  /**
   * Changes what to look for, `EPOLL_CTL_MOD`, and asks again after a `oneShot`. What is the case
   * already is told once more, even with `edge`.
   *
   * @param fd The descriptor
   * @param interest What to look for from now on
   * @param token What its events bear from now on, by default its number: not what it was
   * @throws {SyscallError} `ENOENT` if it is not in the set; `EBADF` if it is not open; `EINVAL`
   * if it is `exclusive`, or would become so
   * @throws {TypeError | RangeError} If the interest or the token is none
   */
  modify(fd: AsFd, interest: EpollInterest, token?: number | bigint): void {
    this.#control(EPOLL_CTL_MOD, fd, interest, token);
  }

  /**
   * Takes a descriptor out, `EPOLL_CTL_DEL`.
   *
   * @param fd The descriptor
   * @throws {SyscallError} `ENOENT` if it is not in the set; `EBADF` if it is not open
   */
  remove(fd: AsFd): void {
    const { fd: set } = this;
    const number = fdOf(fd);
    ok(libc.epoll_ctl(set, EPOLL_CTL_DEL, number, null), "epoll_ctl", { fd: number });
  }

  /**
   * Takes the events there are, and waits for one if it is told to: epoll_wait(2), or
   * epoll_pwait2(2) where a time is to be kept. That is exact to the nanosecond since Linux 5.11,
   * and rounded up to milliseconds before.
   *
   * @param events Where they go; what was in there is gone
   * @param options How long to wait if there is none; by default not at all
   * @returns How many there are; 0 if the time is over
   * @throws {SyscallError} `EINVAL` if it is no epoll set
   * @throws {TypeError | RangeError} If an option is none
   */
  wait(events: EpollEvents, options: BlockOptions = {}): number {
    const { fd } = this;
    const words = wordsOf(events);
    requireKnown(options, blockOptions);
    const n = epollWait(fd, words, options);
    setLength(events, Math.max(n, 0));
    return n >= 0 ? n : ok(n, "epoll_wait", { fd });
  }

  #control(
    operation: number,
    fd: AsFd,
    interest: EpollInterest,
    token: number | bigint | undefined,
  ): void {
    const { fd: set } = this;
    const number = fdOf(fd);
    change[0] = bitsOf(epollInterests, interest);
    writeToken(change, 0, token === undefined ? number : requireInteger64(token, "token", 0n, MAX));
    const result = libc.epoll_ctl(set, operation, number, change);
    if (result < 0) ok(result, "epoll_ctl", { fd: number });
  }
}

import { requireInteger } from "@posixly/sys";
import { type Readiness, readinessOf } from "./events.ts";
import { EPOLLERR, epollEvent, EPOLLHUP, EPOLLIN, EPOLLOUT, EPOLLPRI, EPOLLRDHUP } from "./libc.ts";
import { readToken, WORDS } from "./epoll_token.ts";

/** What the kernel takes at most, `INT_MAX` bytes. */
const MOST = Math.floor(0x7fff_ffff / epollEvent.size);

/**
 * One event, as an object of its own, see {@linkcode EpollEvents}.
 *
 * @example Usage
 * ```ts
 * import { eventfd } from "@posixly/fd";
 * import { epoll, type EpollEvent, EpollEvents } from "@posixly/mux";
 * import assert from "node:assert/strict";
 *
 * using counter = eventfd(1);
 * using set = epoll();
 * set.add(counter, { readable: true }, 7);
 * const events = new EpollEvents();
 * set.wait(events);
 * const [event]: EpollEvent[] = [...events];
 * assert.deepEqual([event.token, event.readable, event.hangUp], [7, true, false]);
 * ```
 */
export interface EpollEvent extends Readiness {
  /** The token that the descriptor was added with. */
  readonly token: number | bigint;
}

/** For {@linkcode Epoll} alone: where the kernel writes the events. */
export let wordsOf: (events: EpollEvents) => Int32Array;

/** For {@linkcode Epoll} alone: how many the kernel has written. */
export let setLength: (events: EpollEvents, length: number) => void;

/**
 * Room for events, which {@linkcode Epoll.wait} fills anew each time. The methods look at one of
 * them by its index, and make nothing for the garbage collector; iterating gives objects.
 *
 * @example Usage
 * ```ts
 * import { eventfd } from "@posixly/fd";
 * import { epoll, EpollEvents } from "@posixly/mux";
 * import assert from "node:assert/strict";
 *
 * using counter = eventfd(1);
 * using set = epoll();
 * set.add(counter, { readable: true, writable: true });
 * const events = new EpollEvents(64);
 * assert.equal(set.wait(events), 1);
 * for (let i = 0; i < events.length; i++) {
 *   assert.equal(events.token(i), counter.fd);
 *   assert.ok(events.readable(i) && events.writable(i));
 * }
 * for (const { token, readable } of events) {
 *   assert.deepEqual([token, readable], [counter.fd, true]);
 * }
 * ```
 */
export class EpollEvents implements Iterable<EpollEvent> {
  readonly #words: Int32Array;
  #length = 0;

  static {
    wordsOf = (events) => {
      if (typeof events === "object" && events !== null && #words in events) return events.#words;
      throw new TypeError("events must be EpollEvents");
    };
    setLength = (events, length) => events.#length = length;
  }

  /**
   * Makes room, for as long as the object lives.
   *
   * @param capacity How many events one wait may give; if more are ready, the next wait gives
   * the others first
   * @throws {TypeError | RangeError} If it is no such number, or 0
   */
  constructor(capacity = 64) {
    requireInteger(capacity, "capacity", 1, MOST);
    this.#words = new Int32Array(new ArrayBuffer(capacity * epollEvent.size));
  }

  /** How many events there is room for. */
  get capacity(): number {
    return this.#words.length / WORDS;
  }

  /** How many events the last wait gave. */
  get length(): number {
    return this.#length;
  }

  /**
   * The token that the descriptor was added with.
   *
   * @param i Which event, from 0
   * @returns The token: a number up to 2 ** 53 - 1, a bigint beyond
   * @throws {RangeError} If there is no such event
   */
  token(i: number): number | bigint {
    return readToken(this.#words, this.#at(i));
  }

  /**
   * What the kernel reported, as bits: `EPOLLIN` is 1, `EPOLLOUT` 4.
   *
   * @param i Which event, from 0
   * @returns The bits
   * @throws {RangeError} If there is no such event
   */
  bits(i: number): number {
    return this.#words[this.#at(i)];
  }

  /**
   * Whether there is something to read, or to accept.
   *
   * @param i Which event, from 0
   * @returns Whether `EPOLLIN` is set
   * @throws {RangeError} If there is no such event
   */
  readable(i: number): boolean {
    return (this.bits(i) & EPOLLIN) !== 0;
  }

  /**
   * Whether there is room to write, or a connection was made.
   *
   * @param i Which event, from 0
   * @returns Whether `EPOLLOUT` is set
   * @throws {RangeError} If there is no such event
   */
  writable(i: number): boolean {
    return (this.bits(i) & EPOLLOUT) !== 0;
  }

  /**
   * Whether there is something exceptional.
   *
   * @param i Which event, from 0
   * @returns Whether `EPOLLPRI` is set
   * @throws {RangeError} If there is no such event
   */
  priority(i: number): boolean {
    return (this.bits(i) & EPOLLPRI) !== 0;
  }

  /**
   * Whether the peer of a stream socket has closed it, or its half for writing.
   *
   * @param i Which event, from 0
   * @returns Whether `EPOLLRDHUP` is set
   * @throws {RangeError} If there is no such event
   */
  readHangUp(i: number): boolean {
    return (this.bits(i) & EPOLLRDHUP) !== 0;
  }

  /**
   * Whether nobody is at the other end any more. What they wrote can still be read.
   *
   * @param i Which event, from 0
   * @returns Whether `EPOLLHUP` is set
   * @throws {RangeError} If there is no such event
   */
  hangUp(i: number): boolean {
    return (this.bits(i) & EPOLLHUP) !== 0;
  }

  /**
   * Whether there is an error, or no reader of a pipe.
   *
   * @param i Which event, from 0
   * @returns Whether `EPOLLERR` is set
   * @throws {RangeError} If there is no such event
   */
  error(i: number): boolean {
    return (this.bits(i) & EPOLLERR) !== 0;
  }

  /** Gives each event of the last wait as an object. */
  *[Symbol.iterator](): Generator<EpollEvent, void, undefined> {
    for (let i = 0; i < this.#length; i++) {
      yield { token: this.token(i), ...readinessOf(this.bits(i)) };
    }
  }

  #at(i: number): number {
    return requireInteger(i, "i", 0, this.#length - 1) * WORDS;
  }
}

// How a descriptor is waited for. One place, so that a single file changes when `mux` takes over.
import { setImmediate } from "node:timers";
import { OwnedFd } from "@posixly/fd";
import { ok, watch } from "@posixly/sys";
import { EPOLL_CLOEXEC, EPOLL_CTL_ADD, epollEvent, EPOLLOUT, libc } from "./libc.ts";

/**
 * How to give up waiting.
 *
 * @example Usage
 * ```ts
 * import { pipe, type WaitOptions } from "@posixly/pipe";
 * import assert from "node:assert/strict";
 *
 * using ends = pipe();
 * const soon: WaitOptions = { signal: AbortSignal.timeout(5) };
 * await assert.rejects(ends.reader.read(new Uint8Array(8), soon), { name: "TimeoutError" });
 * ```
 */
export interface WaitOptions {
  /** Ends the wait with its `reason`. */
  readonly signal?: AbortSignal;
}

/** Checks a signal before anything is done that might have to be waited for. */
export function requireSignal(signal: AbortSignal | undefined): void {
  if (signal === undefined || typeof signal?.throwIfAborted === "function") return;
  throw new TypeError(`signal must be an AbortSignal, not ${String(signal)}`);
}

/** Waits until a read would not block: there are bytes, or nobody is left to write any. */
export function untilReadable(fd: OwnedFd, signal?: AbortSignal): Promise<void> {
  return until(fd, signal, (ready) => watch(fd.fd, ready));
}

/** Waits until a write would not block: there is room, or nobody is left to read. */
export function untilWritable(fd: OwnedFd, signal?: AbortSignal): Promise<void> {
  return until(fd, signal, (ready) => {
    // An epoll descriptor is readable when one that it holds is ready. The watch has a
    // duplicate of it, and is the last to hold it after the end of this block.
    using epoll = new OwnedFd(ok(libc.epoll_create1(EPOLL_CLOEXEC), "epoll_create1"));
    const writable = epollEvent.encode({ events: EPOLLOUT });
    ok(libc.epoll_ctl(epoll.fd, EPOLL_CTL_ADD, fd.fd, writable), "epoll_ctl", { fd: fd.fd });
    return watch(epoll.fd, ready);
  });
}

function until(
  fd: OwnedFd,
  signal: AbortSignal | undefined,
  watching: (ready: () => void) => Disposable,
): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const watched = watching(() => end(resolve));
    const stay = fd.beforeClose(() => end(() => reject(closed())));
    const abort = () => end(() => reject(signal?.reason));
    signal?.addEventListener("abort", abort);

    function end(settle: () => void): void {
      watched[Symbol.dispose]();
      stay();
      signal?.removeEventListener("abort", abort);
      settle();
    }
  });
}

/** What a pending wait ends with when its descriptor is closed. */
function closed(): Error {
  return new Error("Cannot wait any longer: the descriptor was closed");
}

/** The same promise, but for a signal that may end the wait for it. */
export function unlessAborted<T>(promise: Promise<T>, signal?: AbortSignal): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort);
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

/** How many calls in a row may succeed at once before the event loop has its turn. */
const CALLS_A_TURN = 64;

/**
 * Lets the event loop go round now and then. Without it, a peer as quick as we are would keep
 * us busy for ever, and no timer would fire and no signal abort.
 */
export class Turns {
  #calls = 0;

  /** Counts a call, and is `null` or what to await before it. */
  next(): Promise<void> | null {
    if (++this.#calls < CALLS_A_TURN) return null;
    this.#calls = 0;
    return new Promise((resolve) => void setImmediate(resolve));
  }
}

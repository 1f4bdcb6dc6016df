import process from "node:process";
import { errno, ok, requireInteger, show } from "@posixly/sys";
import { libc } from "./libc.ts";

/** Tells whoever asked that what the number stands for is about to be gone, though not the number. */
export let tellThatItLeaves: (owner: OwnedFd) => void;

/**
 * A descriptor with an owner, who closes it exactly once. Whatever this library
 * opens is an `OwnedFd`, close-on-exec from birth.
 *
 * Using it after it was closed is an error that says so, and never a call on
 * whatever has the number by then. One that is garbage-collected open is closed
 * with a warning, so keep the object for as long as you use the number.
 *
 * @example Usage
 * ```ts
 * import { eventfd, OwnedFd } from "@posixly/fd";
 * import assert from "node:assert/strict";
 *
 * let closed: OwnedFd;
 * {
 *   using fd = new OwnedFd(eventfd().release());
 *   closed = fd;
 * }
 * assert.ok(closed.closed);
 * assert.throws(() => closed.fd, { message: "Cannot use a descriptor that was closed" });
 * ```
 */
export class OwnedFd implements Disposable {
  #fd: number;
  #beforeClose: Set<() => void> | undefined;

  /**
   * Takes over a descriptor that nobody else will close.
   *
   * @param fd The number
   * @throws {TypeError | RangeError} If it is no descriptor's number
   */
  constructor(fd: number) {
    this.#fd = requireInteger(fd, "fd");
    abandoned.register(this, fd, this);
  }

  /**
   * The number.
   *
   * @throws {Error} If the descriptor was closed or released
   */
  get fd(): number {
    if (this.#fd === -1) throw new Error("Cannot use a descriptor that was closed");
    return this.#fd;
  }

  /** Whether it was closed or released. */
  get closed(): boolean {
    return this.#fd === -1;
  }

  /**
   * Closes the descriptor, close(2). Once is enough: closing again does nothing.
   *
   * @throws {SyscallError} `EBADF` if somebody closed the number behind our back;
   * `EIO`, `ENOSPC` or `EDQUOT` if earlier writes could not be stored. The
   * descriptor is closed all the same.
   */
  close(): void {
    if (this.#fd === -1) return;
    const fd = this.#leave();
    if (fd === -1) return; // whoever was told has closed it
    const result = libc.close(fd);
    // Interrupted or not, Linux has closed it; a second try might hit a stranger.
    if (result !== -errno.EINTR) ok(result, "close", { fd });
  }

  /**
   * Gives the descriptor away: it stays open, and closing it is up to the caller.
   *
   * @returns The number
   * @throws {Error} If the descriptor was closed or released
   */
  release(): number {
    const before = this.fd;
    const fd = this.#leave();
    if (fd === -1) throw new Error(`Cannot release descriptor ${before}: it was closed meanwhile`);
    return fd;
  }

  /**
   * Asks to be told before the number is gone, by {@linkcode close} or
   * {@linkcode release}. Whoever waits for the descriptor stops then.
   *
   * @param callback Called once, while the descriptor is still open; must not throw
   * @returns Takes the request back
   * @throws {Error} If the descriptor was closed or released
   * @throws {TypeError} If `callback` is no function
   */
  beforeClose(callback: () => void): () => void {
    if (this.#fd === -1) throw new Error("Cannot use a descriptor that was closed");
    if (typeof callback !== "function") {
      throw new TypeError(`callback must be a function, not ${show(callback)}`);
    }
    const callbacks = this.#beforeClose ??= new Set();
    callbacks.add(callback);
    return () => void callbacks.delete(callback);
  }

  /** Closes the descriptor at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** Tells everyone, and forgets the number before it can be given out again. */
  #leave(): number {
    this.#tell();
    const fd = this.#fd;
    this.#fd = -1;
    abandoned.unregister(this);
    return fd;
  }

  /** Tells everyone once, those too who ask while others are being told. */
  #tell(): void {
    const callbacks = this.#beforeClose;
    callbacks?.forEach((callback) => {
      callbacks.delete(callback);
      callback();
    });
  }

  static {
    tellThatItLeaves = (owner) => owner.#tell();
  }
}

const abandoned = new FinalizationRegistry((fd: number) => {
  libc.close(fd);
  process.emitWarning(`Descriptor ${fd} was never closed; the garbage collector did it`);
});

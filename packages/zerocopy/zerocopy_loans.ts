import type { AsFd } from "@posixly/fd";
import { unlessAborted, watch, type Watcher } from "@posixly/mux";
import { errorQueue, getOption, type QueuedError, setOptions } from "@posixly/socket";
import { SO_EE_CODE_ZEROCOPY_COPIED } from "./libc.ts";
import { NumberedCalls } from "./numbered_calls.ts";
import type { ZerocopyLoan } from "./zerocopy_loan.ts";

/** How often a queue is looked into that was told to have something and had nothing. */
const LOOKS = 3;

/**
 * What one socket was lent, and its error queue, in which the kernel says what it is done with.
 *
 * The queue is watched only while something is lent, and by edge: a socket that was hung up would
 * be told of for ever.
 */
export class Loans {
  /** Whether a sender uses them. */
  isTaken = false;
  /** Is given what is in the queue besides. */
  tell: ((other: QueuedError) => void) | undefined;
  readonly #socket: AsFd;
  readonly #calls = new NumberedCalls<ZerocopyLoan>();
  #watcher: Watcher | undefined;
  #looks = 0;
  #waiting = 0;
  /** Who waits until nothing is lent. */
  #all: { resolve(): void; reject(reason: unknown): void } | undefined;

  constructor(socket: AsFd) {
    this.#socket = socket;
  }

  /** How many calls the kernel is not done with. */
  get size(): number {
    return this.#calls.size;
  }

  /** Notes what the call has lent that has just succeeded. */
  add(loan: ZerocopyLoan): void {
    this.#calls.add(loan);
  }

  /** Takes what the kernel has said so far. */
  collect(): void {
    for (const queued of errorQueue(this.#socket)) {
      this.#looks = 0;
      const { origin, code, info, data } = queued.error;
      if (origin === "zerocopy") this.#returned(info, data, code);
      else if (this.tell !== undefined) queueMicrotask(this.tell.bind(undefined, queued));
    }
  }

  /** Sees to it that the kernel is heard, if it has something to say. */
  listen(): void {
    if (this.size > 0) this.#watcher ??= this.#watch();
  }

  /** Waits for something that the kernel is to say: only this keeps the program alive. */
  async during<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    if (this.#waiting++ === 0) this.#watcher?.ref();
    try {
      return await unlessAborted(promise, signal);
    } finally {
      if (--this.#waiting === 0) this.#watcher?.unref();
    }
  }

  /** Waits until nothing is lent. */
  async whenAllReturned(signal: AbortSignal | undefined): Promise<void> {
    this.collect();
    this.listen();
    while (this.size > 0) await this.during(this.#allReturned(), signal);
  }

  #allReturned(): Promise<void> {
    const others = this.#all;
    return new Promise((resolve, reject) => {
      this.#all = {
        resolve: () => (others?.resolve(), resolve()),
        reject: (reason) => (others?.reject(reason), reject(reason)),
      };
    });
  }

  #returned(first: number, last: number, code: number): void {
    const isCopied = (code & SO_EE_CODE_ZEROCOPY_COPIED) !== 0;
    for (const loan of this.#calls.take(first, last)) loan.returned(isCopied);
    if (this.size === 0) this.#all?.resolve();
  }

  #watch(): Watcher {
    const watcher = watch(this.#socket, { priority: true, edge: true }, () => this.#look(watcher));
    if (this.#waiting === 0) watcher.unref();
    watcher.ended.then(() => {
      if (this.#watcher !== watcher) return;
      this.#watcher = undefined;
      this.#lose(new Error("Cannot wait any longer: the descriptor was closed"));
    });
    return watcher;
  }

  #look(watcher: Watcher): void {
    this.#looks++;
    try {
      this.collect();
    } catch (error) {
      if (this.#looks >= LOOKS) this.#lose(error);
    }
    if (this.size === 0) {
      this.#watcher = undefined;
      watcher.close();
    } else if (this.#looks > 0 && this.#looks < LOOKS) {
      watcher.modify(exceptions); // asked again, it is told again, if there is something
    }
  }

  #lose(reason: unknown): void {
    for (const loan of this.#calls) loan.lost(reason);
    this.#all?.reject(reason);
  }
}

const exceptions = { priority: true };

/** The loans of sockets, so that whoever sends later counts on. */
const known = new WeakMap<object, Loans>();

/** What a socket was lent, which counts for it from now on. */
export function loansOf(socket: AsFd): Loans {
  const before = typeof socket === "object" ? known.get(socket) : undefined;
  if (before !== undefined) return before;
  if (getOption(socket, "zeroCopy")) {
    throw new Error("Cannot count the calls of a socket that has had the option zeroCopy before");
  }
  setOptions(socket, { zeroCopy: true });
  const loans = new Loans(socket);
  if (typeof socket === "object") known.set(socket, loans);
  return loans;
}

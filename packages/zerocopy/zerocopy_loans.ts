import type { AsFd } from "@posixly/fd";
import { unlessAborted, watch, type Watcher } from "@posixly/mux";
import { errorQueue, getOption, type QueuedError, setOptions } from "@posixly/socket";
import { LendingHabit } from "./lending_habit.ts";
import { SO_EE_CODE_ZEROCOPY_COPIED } from "./libc.ts";
import { NumberedCalls } from "./numbered_calls.ts";
import { nextTurn } from "./turn.ts";
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
  /** Whether to lend more. */
  readonly habit: LendingHabit = new LendingHabit();
  readonly #socket: AsFd;
  readonly #calls = new NumberedCalls<ZerocopyLoan>();
  #watcher: Watcher | undefined;
  #looks = 0;
  /** What is waited for: only that keeps the program alive. */
  readonly #awaited = new Set<ZerocopyLoan | All>();
  #isLeaving = false;

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

  /** Sees to it that the kernel is heard: before anything is lent, since that may fail. */
  listen(): void {
    this.#watcher ??= this.#watch();
    this.#leaveSoon();
  }

  /** Waits until the kernel is done with a loan. */
  whenReturned(loan: ZerocopyLoan, signal: AbortSignal | undefined): Promise<void> {
    if (loan.isReturned) return Promise.resolve();
    this.#await(loan);
    const returned = loan.whenReturned();
    if (signal === undefined) return returned;
    return unlessAborted(returned, signal).finally(() => this.#leave(loan));
  }

  /** Waits until it is done with all. */
  async whenAllReturned(signal: AbortSignal | undefined): Promise<void> {
    this.listen();
    this.collect();
    if (this.size === 0) return;
    const all = new All();
    this.#await(all);
    await unlessAborted(all.returned, signal).finally(() => this.#leave(all));
  }

  /** Tells whoever waits that there is nothing to wait for any more. */
  lose(reason: unknown): void {
    for (const loan of this.#calls) loan.lost(reason);
    for (const awaited of this.#awaited) awaited.lost(reason);
    this.#awaited.clear();
    this.#watcher?.unref();
  }

  #await(awaited: ZerocopyLoan | All): void {
    if (this.#awaited.size === 0) this.#watcher?.ref();
    this.#awaited.add(awaited);
  }

  #leave(awaited: ZerocopyLoan | All): void {
    if (this.#awaited.delete(awaited) && this.#awaited.size === 0) this.#watcher?.unref();
  }

  #returned(first: number, last: number, code: number): void {
    const isCopied = (code & SO_EE_CODE_ZEROCOPY_COPIED) !== 0;
    this.habit.learn(isCopied);
    for (const loan of this.#calls.take(first, last)) {
      loan.returned(isCopied);
      if (loan.isReturned) this.#leave(loan);
    }
    if (this.size > 0) return;
    for (const awaited of this.#awaited) if (awaited instanceof All) awaited.resolve();
    this.#leaveSoon();
  }

  /** Stops to listen, unless something is lent when this turn is over. */
  async #leaveSoon(): Promise<void> {
    if (this.#isLeaving) return;
    this.#isLeaving = true;
    await nextTurn();
    this.#isLeaving = false;
    if (this.size > 0) return;
    const watcher = this.#watcher;
    this.#watcher = undefined;
    watcher?.close();
  }

  #watch(): Watcher {
    this.#looks = 0;
    const watcher = watch(this.#socket, { priority: true, edge: true }, () => this.#look(watcher));
    if (this.#awaited.size === 0) watcher.unref();
    watcher.ended.then(() => {
      if (this.#watcher !== watcher) return;
      this.#watcher = undefined;
      this.lose(new Error("Cannot wait any longer: the descriptor was closed"));
    });
    return watcher;
  }

  #look(watcher: Watcher): void {
    this.#looks++;
    try {
      this.collect();
    } catch (error) {
      if (this.#looks >= LOOKS) this.lose(error);
    }
    if (this.size > 0 && this.#looks > 0 && this.#looks < LOOKS && !watcher.closed) {
      watcher.modify(exceptions); // asked again, it is told again, if there is something
    }
  }
}

/** Who waits until nothing is lent. */
class All {
  resolve!: () => void;
  lost!: (reason: unknown) => void;
  readonly returned: Promise<void> = new Promise((resolve, reject) => {
    this.resolve = resolve;
    this.lost = reject;
  });
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

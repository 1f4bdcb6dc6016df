import { Chain, Link } from "./chain.ts";
import type { Lease } from "./lease.ts";
import type { AcquireOptions } from "./options.ts";
import { follow, unfollow } from "./signals.ts";

/** One who waits, and is served, refused or gone: whichever comes first, and only that. */
export class Waiter<T> extends Link<Waiter<T>> {
  readonly line: Waiters<T>;
  readonly resolve: (lease: Lease<T>) => void;
  readonly reject: (reason: unknown) => void;
  readonly priority: number;
  readonly timeout: number;
  readonly since: number;
  readonly deadline: number;
  readonly signal: AbortSignal | undefined;
  /** How many failures to create a resource it has lived through. */
  failures = 0;
  /** Where it was called from, if that is noted down. */
  stack = "";

  constructor(
    line: Waiters<T>,
    resolve: (lease: Lease<T>) => void,
    reject: (reason: unknown) => void,
    now: number,
    timeout: number,
    options: AcquireOptions | undefined,
  ) {
    super();
    this.line = line;
    this.resolve = resolve;
    this.reject = reject;
    this.priority = options?.priority ?? 0;
    this.timeout = timeout;
    this.since = now;
    this.deadline = coarsely(now, timeout);
    this.signal = options?.signal;
  }

  /** The signal aborts. */
  aborted(reason: unknown): void {
    this.line.refuse(this, reason);
  }
}

/**
 * Deadlines are rounded up, by a thirty-second of the timeout at most, so that those of many who
 * wait fall together, and looking for them now and then is enough.
 */
function coarsely(now: number, timeout: number): number {
  const grain = Math.max(1, timeout / 32);
  return timeout === Infinity ? Infinity : Math.ceil((now + timeout) / grain) * grain;
}

/** All who have the same priority, in the order they came. */
class Lane<T> extends Chain<Waiter<T>> {
  readonly priority: number;

  constructor(priority: number) {
    super();
    this.priority = priority;
  }
}

/** Those who wait, who comes first first. */
export class Waiters<T> {
  size = 0;
  /** No deadline is earlier. */
  nextDeadline = Infinity;
  readonly #left: () => void;
  /** The most urgent first. */
  readonly #lanes: Lane<T>[] = [];

  /** @param left Told when somebody does not wait any longer */
  constructor(left: () => void) {
    this.#left = left;
  }

  add(waiter: Waiter<T>): void {
    this.#laneFor(waiter.priority).push(waiter);
    this.size++;
    if (waiter.deadline < this.nextDeadline) this.nextDeadline = waiter.deadline;
    if (waiter.signal !== undefined) follow(waiter.signal, waiter);
  }

  /** Whose turn it is. */
  get first(): Waiter<T> | null {
    for (const lane of this.#lanes) if (lane.first !== null) return lane.first;
    return null;
  }

  /** Takes whoever's turn it is out of the line, to be served. There must be somebody. */
  shift(): Waiter<T> {
    const waiter = this.first!;
    this.#remove(waiter);
    return waiter;
  }

  refuse(waiter: Waiter<T>, reason: unknown): void {
    if (waiter.chain === null) return;
    this.#remove(waiter);
    waiter.reject(reason);
    this.#left();
  }

  /** Those whose time is over; they wait until they are refused. */
  due(now: number): Waiter<T>[] {
    if (now < this.nextDeadline) return [];
    const due: Waiter<T>[] = [];
    this.nextDeadline = Infinity;
    for (const waiter of this.toArray()) {
      if (waiter.deadline <= now) due.push(waiter);
      else if (waiter.deadline < this.nextDeadline) this.nextDeadline = waiter.deadline;
    }
    return due;
  }

  toArray(): Waiter<T>[] {
    return this.#lanes.flatMap((lane) => lane.toArray());
  }

  #remove(waiter: Waiter<T>): void {
    const lane = waiter.chain as Lane<T>;
    lane.remove(waiter);
    this.size--;
    if (lane.size === 0 && lane.priority !== 0) this.#lanes.splice(this.#lanes.indexOf(lane), 1);
    if (waiter.signal !== undefined) unfollow(waiter.signal, waiter);
  }

  #laneFor(priority: number): Lane<T> {
    const at = this.#lanes.findIndex((lane) => lane.priority <= priority);
    if (at !== -1 && this.#lanes[at].priority === priority) return this.#lanes[at];
    const lane = new Lane<T>(priority);
    this.#lanes.splice(at === -1 ? this.#lanes.length : at, 0, lane);
    return lane;
  }
}

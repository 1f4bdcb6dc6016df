import { Chain, type Link } from "./chain.ts";
import type { Lease } from "./lease.ts";
import { follow, unfollow } from "./signals.ts";

/** One who waits, and is served, refused or gone: whichever comes first, and only that. */
export class Waiter<T> implements Link<Waiter<T>> {
  before: Waiter<T> | null = null;
  after: Waiter<T> | null = null;
  /** Whether it waits still. */
  isLinked = false;
  /** Where it waits, or has waited. */
  lane!: Lane<T>;
  resolve!: (lease: Lease<T>) => void;
  reject!: (reason: unknown) => void;
  /** Since when; -1 until somebody looks at the clock. */
  since = -1;
  readonly timeout: number;
  readonly signal: AbortSignal | undefined;
  /** How many failures to create a resource it has lived through. */
  failures = 0;
  /** Where it was called from, if that is noted down. */
  stack = "";

  constructor(timeout: number, signal: AbortSignal | undefined) {
    this.timeout = timeout;
    this.signal = signal;
  }

  /** What it waits for; to be called once. */
  promise(): Promise<Lease<T>> {
    newest = this;
    const promise = new Promise<Lease<T>>(capture);
    newest = null;
    return promise;
  }

  /** The signal aborts. */
  aborted(reason: unknown): void {
    this.lane.line.refuse(this, reason);
  }
}

/** Whose promise is being made: one executor for all is quicker than one for each. */
// deno-lint-ignore no-explicit-any
let newest: Waiter<any> | null = null;

function capture<T>(resolve: (lease: Lease<T>) => void, reject: (reason: unknown) => void): void {
  newest!.resolve = resolve;
  newest!.reject = reject;
}

/** How often to look at one who waits so long. */
export function grainOf(timeout: number): number {
  return timeout / 32;
}

/** All who have the same priority, in the order they came. */
class Lane<T> extends Chain<Waiter<T>> {
  readonly line: Waiters<T>;
  readonly priority: number;

  constructor(line: Waiters<T>, priority: number) {
    super();
    this.line = line;
    this.priority = priority;
  }
}

/**
 * Those who wait, who comes first first. No clock is read when somebody begins to wait: the next
 * look notes down since when, so looks have to be frequent by the measure of what they wait for.
 */
export class Waiters<T> {
  size = 0;
  readonly #left: () => void;
  /** The most urgent first. */
  readonly #lanes: Lane<T>[] = [];

  /** @param left Told when somebody does not wait any longer */
  constructor(left: () => void) {
    this.#left = left;
  }

  add(waiter: Waiter<T>, priority: number): void {
    waiter.lane = this.#laneFor(priority);
    waiter.lane.push(waiter);
    this.size++;
    if (waiter.signal !== undefined) follow(waiter.signal, waiter);
  }

  /** Whose turn it is. */
  get first(): Waiter<T> | null {
    if (this.#lanes.length === 1) return this.#lanes[0].first;
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
    this.#remove(waiter);
    waiter.reject(reason);
    this.#left();
  }

  /** Calls back for those whose time is over, and tells when to look again. */
  sweep(now: number, isOver: (waiter: Waiter<T>) => void): number {
    let next = Infinity;
    if (this.size === 0) return next;
    for (const waiter of this.toArray()) {
      if (!waiter.isLinked) continue; // it has left meanwhile
      if (waiter.since === -1) waiter.since = now;
      const deadline = waiter.since + waiter.timeout;
      if (deadline <= now) isOver(waiter);
      else next = Math.min(next, Math.max(deadline, now + grainOf(waiter.timeout)));
    }
    return next;
  }

  toArray(): Waiter<T>[] {
    return this.#lanes.flatMap((lane) => lane.toArray());
  }

  #remove(waiter: Waiter<T>): void {
    const { lane } = waiter;
    lane.remove(waiter);
    this.size--;
    if (lane.size === 0 && lane.priority !== 0) this.#lanes.splice(this.#lanes.indexOf(lane), 1);
    if (waiter.signal !== undefined) unfollow(waiter.signal, waiter);
  }

  #laneFor(priority: number): Lane<T> {
    if (this.#lanes.length === 1 && this.#lanes[0].priority === priority) return this.#lanes[0];
    const at = this.#lanes.findIndex((lane) => lane.priority <= priority);
    if (at !== -1 && this.#lanes[at].priority === priority) return this.#lanes[at];
    const lane = new Lane<T>(this, priority);
    this.#lanes.splice(at === -1 ? this.#lanes.length : at, 0, lane);
    return lane;
  }
}

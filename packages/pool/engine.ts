import { Alarm } from "./alarm.ts";
import { isPromise } from "./attempts.ts";
import type { Budget } from "./budget.ts";
import { Closing } from "./closing.ts";
import { Conditions } from "./conditions.ts";
import { AcquireTimeoutError, PoolClosedError, TooManyWaitersError } from "./errors.ts";
import { Events, type Hub } from "./events.ts";
import { Lease } from "./lease.ts";
import {
  type AcquireOptions,
  type PoolSize,
  requireAcquireOptions,
  type Settings,
} from "./options.ts";
import type { Reason, Resource } from "./resource.ts";
import { Shelf } from "./shelf.ts";
import { Stock } from "./stock.ts";
import { Tracker } from "./tracker.ts";
import { grainOf, Waiter, Waiters } from "./waiters.ts";

/**
 * Who gets what. Those who wait stand in a line and are bound to nothing: whatever comes free goes
 * to the first of them, and whoever leaves the line loses nothing for anybody else.
 *
 * All that an acquire and a release call is compiled into the caller as one, as long as it is short;
 * what is seldom needed has functions of its own. Flags are false where nothing is special, which
 * takes V8 less to find out than that one is true.
 */
export class Engine<T> {
  readonly settings: Settings<T>;
  readonly events: Events<T>;
  readonly alarm: Alarm;
  readonly stock: Stock<T>;
  readonly waiters: Waiters<T> = new Waiters<T>(() => this.#settle());
  readonly shelf: Shelf<T>;
  readonly closing: Closing<T> = new Closing<T>(this);
  /** How many leases have begun so far, and how many of them have ended. */
  acquired = 0;
  ended = 0;
  timedOut = 0;
  /** Whether nothing is handed out: suspended, or closed. */
  isShut = false;

  #tracker: Tracker<T> | null = null;
  /** For how long those wait who do so for the shortest time, as far as is known. */
  #leastTimeout = Infinity;
  #isServing = false;
  #mustServeAgain = false;
  /** Whether somebody has asked for a resource, so that `min` of them are to be there. */
  #isPrimed = false;
  readonly #conditions = new Conditions();
  readonly #budget: Budget | null;
  /** Whether there are limits other than those of most pools: one lease, as often as you like. */
  readonly #hasLimits: boolean;
  /** Whether somebody is told or asked of what is given back, or it may be one too many. */
  #inspects = false;

  constructor(settings: Settings<T>, budget: Budget | null = null, hub: Hub<T> | null = null) {
    this.settings = settings;
    this.events = new Events(() => this.track(), hub);
    this.#budget = budget;
    this.#hasLimits = settings.maxUses < Infinity || settings.leasesPerResource > 1;
    this.alarm = new Alarm(settings.clock, () => this.#tick());
    this.stock = new Stock(settings, this, this.events, this.alarm, budget);
    this.shelf = new Shelf(this, budget);
    this.track();
  }

  get closed(): boolean {
    return this.closing.hasBegun;
  }

  get leases(): number {
    return this.acquired - this.ended;
  }

  /** What rests is leased at once, unless others wait for it. */
  tryAcquire(): Lease<T> | null {
    if (this.isShut || this.waiters.size > 0) return null;
    const resource = this.shelf.take();
    if (resource === null) return null;
    const lease = this.#lease(resource);
    this.#tracker?.began(lease, resource, null);
    return lease;
  }

  acquire(): Promise<Lease<T>> {
    const lease = this.tryAcquire();
    return lease === null ? this.#wait() : fulfilled(lease);
  }

  acquireWith(options: AcquireOptions): Promise<Lease<T>> {
    try {
      requireAcquireOptions(options);
      const { signal } = options;
      signal?.throwIfAborted();
      const lease = this.tryAcquire();
      if (signal?.aborted) lease?.release(); // a hook has aborted it just now
      signal?.throwIfAborted();
      return lease === null ? this.#wait(options) : fulfilled(lease);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #wait(options?: AcquireOptions): Promise<Lease<T>> {
    if (this.closed) return Promise.reject(new PoolClosedError()); // maybe by a hook, just now
    const timeout = options?.timeout ?? this.settings.acquireTimeout;
    const waiter = new Waiter<T>(timeout, options?.signal);
    const promise = waiter.promise();
    this.#tracker?.notePlace(waiter);
    this.#isPrimed = true;
    this.waiters.add(waiter, options?.priority ?? 0);
    if (timeout < this.#leastTimeout) this.#lookAfter(timeout);
    if (!this.#isExhausted) this.#serve();
    if (this.settings.maxWaiters === Infinity) return promise;
    // Called from within, it is served only when whoever calls is done.
    if (this.#isServing) queueMicrotask(() => this.#mayStay(waiter));
    else this.#mayStay(waiter);
    return promise;
  }

  /** Whether one who waits beside others changes nothing: nothing is left, nor can be created. */
  get #isExhausted(): boolean {
    return this.waiters.size > 1 && this.shelf.available.size === 0 &&
      this.stock.size >= this.settings.max && this.#budget === null;
  }

  /** Sees to it that those who wait are looked at as often as one must who waits so long. */
  #lookAfter(timeout: number): void {
    this.#leastTimeout = timeout;
    this.alarm.setFor(this.settings.clock.now() + grainOf(timeout));
  }

  /** Refuses it unless something is on its way, or so many may wait. */
  #mayStay(waiter: Waiter<T>): void {
    const { maxWaiters } = this.settings;
    if (!waiter.isLinked || this.waiters.size <= this.#coming + maxWaiters) return;
    this.waiters.refuse(waiter, new TooManyWaitersError(maxWaiters, this.#lastFailure()));
  }

  /** What to give as the cause of not having been served. */
  #lastFailure(): ErrorOptions | undefined {
    const { lastFailure } = this.stock;
    return lastFailure === undefined ? undefined : { cause: lastFailure };
  }

  /** How many leases will be there by themselves. */
  get #coming(): number {
    const resources = this.stock.creating + this.stock.checking;
    return resources === 0 ? 0 : resources * this.settings.leasesPerResource; // which may be infinite
  }

  #lease(resource: Resource<T>): Lease<T> {
    this.acquired++;
    resource.leases++;
    resource.uses++;
    if (this.#hasLimits) this.#heedLimits(resource);
    return new Lease(resource);
  }

  #heedLimits(resource: Resource<T>): void {
    if (resource.uses >= this.settings.maxUses) this.stock.doom(resource, "used-up");
    this.shelf.keep(resource);
  }

  giveBack(resource: Resource<T>, lease: Lease<T>): void {
    if (resource.leases > 0) this.#endLease(resource); // or the pool was closed by force
    if (this.#inspects || resource.doom !== null) this.#inspect(resource, lease);
    else this.place(resource);
    if (this.#conditions.size > 0) this.#settle();
  }

  /** Tells that a lease has ended, and decides what becomes of the resource. */
  #inspect(resource: Resource<T>, lease: Lease<T>): void {
    this.#tracker?.ended(lease);
    const reason = resource.doom ?? this.#reasonToGo(resource);
    if (reason !== null) this.retire(resource, reason);
    // Whoever was told or asked may have called us, so that others have given it back meanwhile.
    else if (!resource.isAside && !resource.isAtRest) this.place(resource);
  }

  #endLease(resource: Resource<T>): void {
    // Until it rests, nobody may take it for one that does.
    if (resource.leases === 1 && resource.isLinked) this.shelf.remove(resource);
    resource.leases--;
    this.ended++;
  }

  /** Why what is given back is to be destroyed, if it is. */
  #reasonToGo(resource: Resource<T>): Reason | null {
    if (this.stock.staying > this.settings.max) return "surplus";
    return this.settings.reusable === undefined || this.#isReusable(resource) ? null : "invalid";
  }

  discard(resource: Resource<T>, lease: Lease<T>): void {
    this.stock.doom(resource, "discarded");
    this.giveBack(resource, lease);
  }

  takeOut(resource: Resource<T>, lease: Lease<T>): void {
    this.#endLease(resource);
    this.stock.letGo(resource);
    this.#tracker?.ended(lease);
    this.changed();
  }

  #isReusable(resource: Resource<T>): boolean {
    try {
      const answer: unknown = this.settings.reusable!(resource.value);
      if (!isPromise(answer)) return Boolean(answer);
      this.events.follow(answer, "reusable");
      throw new TypeError("reusable must answer at once, and not by a promise");
    } catch (error) {
      this.events.report(error, "reusable");
      return false;
    }
  }

  /** A resource was created. */
  arrived(resource: Resource<T>): void {
    if (this.stock.staying > this.settings.max) this.stock.doom(resource, "surplus");
    this.checked(resource);
  }

  /** A resource was looked at, and can be used. */
  checked(resource: Resource<T>): void {
    if (this.stock.remains(resource)) {
      resource.isAside = false;
      this.place(resource);
    }
    this.changed();
  }

  /** Gives it to whoever waits, or lays it to rest. */
  place(resource: Resource<T>): void {
    if (this.waiters.size > 0) this.#handOn(resource);
    if (resource.leases === 0) this.shelf.lay(resource);
    else this.shelf.keep(resource);
  }

  #handOn(resource: Resource<T>): void {
    const { leasesPerResource } = this.settings;
    while (this.waiters.size > 0 && !this.isShut) {
      if (resource.leases >= leasesPerResource || resource.doom !== null) return;
      const waiter = this.waiters.shift();
      const lease = this.#lease(resource);
      waiter.resolve(lease);
      this.#tracker?.began(lease, resource, waiter);
      if (this.waiters.size === 0) this.#hold();
    }
  }

  /** It has to go: now, or as soon as nobody uses it. */
  retire(resource: Resource<T>, reason: Reason): void {
    this.stock.doom(resource, reason);
    this.shelf.remove(resource);
    const isInUse = resource.leases > 0 || resource.isAside;
    if (!isInUse && this.stock.resources.get(resource.value) === resource) {
      this.stock.destroy(resource);
    }
  }

  retireOldest(): boolean {
    const oldest = this.shelf.oldest();
    if (oldest !== null) this.retire(oldest, "surplus");
    return oldest !== null;
  }

  evict(which: T | ((resource: T) => boolean), reason: Reason): number {
    const resources = this.#matching(which).filter(({ doom }) => doom === null);
    for (const resource of resources) this.retire(resource, reason);
    return resources.length;
  }

  #matching(which: T | ((resource: T) => boolean)): Resource<T>[] {
    const { resources } = this.stock;
    if (typeof which === "function") {
      const matches = which as (resource: T) => boolean;
      return [...resources.values()].filter(({ value }) => matches(value));
    }
    const resource = resources.get(which);
    return resource === undefined ? [] : [resource];
  }

  createFailed(error: unknown): void {
    const waiter = this.waiters.first;
    const isTold = waiter !== null || this.events.has("createFailed");
    if (!isTold) this.events.report(error, "create");
    // Something else may be on its way to whoever is first.
    if (waiter !== null && this.waiters.size > this.#coming) {
      if (++waiter.failures > this.settings.createRetries) this.waiters.refuse(waiter, error);
    }
    this.changed();
  }

  /** There may be room for one more. */
  changed(): void {
    this.#serve();
  }

  /** Brings together those who wait and what there is, and has created what is missing. */
  #serve(): void {
    this.#mustServeAgain = true;
    if (this.#isServing) return; // a function of the user's has called in
    this.#isServing = true;
    while (this.#mustServeAgain) {
      this.#mustServeAgain = false;
      while (this.#isShort && this.shelf.available.size > 0) {
        const resource = this.shelf.take();
        if (resource !== null) this.place(resource);
      }
      while (this.wantsMore && this.stock.mayCreate(this.settings.max)) this.stock.create();
    }
    this.#isServing = false;
    this.#settle();
  }

  /** Whether somebody waits for whom nothing is on its way. */
  get #isShort(): boolean {
    return this.waiters.size > 0 && !this.isShut && this.waiters.size > this.#coming;
  }

  get wantsMore(): boolean {
    const isLow = this.#isPrimed && this.stock.staying < this.settings.min;
    return this.#isShort || (isLow && !this.closed);
  }

  #settle(): void {
    if (this.#conditions.size > 0) this.#conditions.look();
    this.#hold();
    this.#budget?.settled();
  }

  /** The process stays for those who wait, and for nothing else. */
  #hold(): void {
    this.alarm.hold(this.waiters.size > 0 || this.#conditions.size > 0);
  }

  /** Whether nothing would be lost if there were a new one instead. */
  get isEmpty(): boolean {
    const { backoff, size } = this.stock;
    return size === 0 && this.waiters.size === 0 && backoff.until <= this.settings.clock.now();
  }

  /** Resolves as soon as it is so, or rejects with what it throws. */
  until(isSo: () => boolean): Promise<void> {
    const isSoAtLast = this.#conditions.until(isSo);
    this.#settle();
    return isSoAtLast;
  }

  fill(): Promise<void> {
    const { stock, settings } = this;
    const failures = stock.createFailures;
    this.#isPrimed = true;
    this.#serve();
    return this.until(() => {
      if (this.closed) throw new PoolClosedError();
      if (stock.createFailures > failures) throw stock.lastFailure;
      return stock.staying - stock.creating >= settings.min;
    });
  }

  drain(): Promise<void> {
    return this.until(() => this.leases === 0 && this.waiters.size === 0);
  }

  suspend(isSuspended: boolean): void {
    if (this.closed) throw new PoolClosedError();
    this.isShut = isSuspended;
    this.#serve();
  }

  resize(size: Required<PoolSize>): void {
    Object.assign(this.settings, size);
    this.shelf.resized();
    this.#reconsider();
    while (this.#isTooLarge && this.retireOldest());
    this.#serve();
  }

  get #isTooLarge(): boolean {
    return this.stock.staying > this.settings.max || this.shelf.resting > this.settings.maxIdle;
  }

  /** The alarm rings. */
  #tick(): void {
    const now = this.settings.clock.now();
    this.#leastTimeout = Infinity;
    const nextDeadline = this.waiters.sweep(now, (waiter) => this.#timeIsOver(waiter, now));
    if (now >= this.closing.deadline) this.closing.force();
    const next = Math.min(
      nextDeadline,
      this.stock.sweep(now),
      this.shelf.upkeep.sweep(now),
      this.#tracker?.sweep(now) ?? Infinity,
      this.closing.deadline,
    );
    if (next < Infinity) this.alarm.setFor(next);
    this.#serve();
  }

  #timeIsOver(waiter: Waiter<T>, now: number): void {
    this.timedOut++;
    this.waiters.refuse(waiter, new AcquireTimeoutError(waiter.timeout, this.#lastFailure()));
    this.events.emit("timedOut", { waited: now - waiter.since });
  }

  /** Leases are noted down only if somebody wants to know of them. */
  track(): void {
    const { leakAfter } = this.settings;
    const isWanted = leakAfter < Infinity || this.events.has("acquired") ||
      this.events.has("released");
    if (isWanted) this.#tracker ??= new Tracker(this.settings, this.events, this.alarm);
    else this.#tracker = null;
    this.#reconsider();
  }

  #reconsider(): void {
    const { reusable, max } = this.settings;
    this.#inspects = this.#tracker !== null || reusable !== undefined || this.stock.staying > max;
  }
}

/** As `Promise.resolve`, and quicker: this is compiled where it is used, together with the rest. */
// deno-lint-ignore require-await
async function fulfilled<Value>(value: Value): Promise<Value> {
  return value;
}

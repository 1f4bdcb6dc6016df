import { Alarm } from "./alarm.ts";
import type { Budget } from "./budget.ts";
import { Chain } from "./chain.ts";
import { AcquireTimeoutError, PoolClosedError, TooManyWaitersError } from "./errors.ts";
import { Events, type Hub } from "./events.ts";
import { Lease } from "./lease.ts";
import type { AcquireOptions, PoolSize, Settings } from "./options.ts";
import type { Reason, Resource } from "./resource.ts";
import { Stock } from "./stock.ts";
import { Tracker } from "./tracker.ts";
import { Upkeep } from "./upkeep.ts";
import { grainOf, Waiter, Waiters } from "./waiters.ts";

/**
 * Who gets what. Those who wait stand in a line and are bound to nothing: whatever comes free goes
 * to the first of them, and whoever leaves the line loses nothing for anybody else.
 */
export class Engine<T> {
  readonly settings: Settings<T>;
  readonly events: Events<T>;
  readonly alarm: Alarm;
  readonly stock: Stock<T>;
  readonly waiters: Waiters<T> = new Waiters<T>(() => this.#settle());
  /** Resources with room for a lease; those with none at all rest. */
  readonly available: Chain<Resource<T>> = new Chain<Resource<T>>();
  resting = 0;
  leases = 0;
  acquired = 0;
  timedOut = 0;
  gate: "open" | "suspended" | "closed" = "open";

  readonly #upkeep: Upkeep<T>;
  #tracker: Tracker<T> | null = null;
  readonly #isLifo: boolean;
  readonly #isShared: boolean;
  readonly #maxUses: number;
  /** Whether resources have to be looked at before they are handed out. */
  readonly #isCareful: boolean;
  /** Within which time those who wait are looked at. */
  #nextLook = Infinity;
  #isServing = false;
  #mustServeAgain = false;
  /** Whether somebody has asked for a resource, so that `min` of them are to be there. */
  #isPrimed = false;
  /** Who wants to know how things stand, each time they have changed; removes itself. */
  readonly #watchers = new Set<() => void>();
  readonly #budget: Budget | null;

  constructor(settings: Settings<T>, budget: Budget | null = null, hub: Hub<T> | null = null) {
    this.settings = settings;
    this.events = new Events(() => this.track(), hub);
    this.#budget = budget;
    this.alarm = new Alarm(settings.clock, () => this.#tick());
    this.stock = new Stock(settings, this, this.events, this.alarm, budget);
    this.#upkeep = new Upkeep(this);
    this.#isLifo = settings.reuse === "lifo";
    this.#isShared = settings.leasesPerResource > 1;
    this.#maxUses = settings.maxUses;
    this.#isCareful = settings.validate !== undefined || settings.onBusy !== undefined;
    this.track();
  }

  get closed(): boolean {
    return this.gate === "closed";
  }

  /** What rests is leased at once, unless others wait for it. */
  tryAcquire(): Lease<T> | null {
    if (this.gate !== "open" || this.waiters.size > 0) return null;
    const resource = this.#take();
    if (resource === null) return null;
    const lease = this.#lease(resource);
    this.#tracker?.began(lease, resource, null);
    return lease;
  }

  acquire(options: AcquireOptions | undefined): Promise<Lease<T>> {
    if (this.closed) return Promise.reject(new PoolClosedError());
    if (options?.signal?.aborted) return Promise.reject(options.signal.reason);
    const lease = this.tryAcquire();
    if (lease !== null) return Promise.resolve(lease);
    if (this.closed) return Promise.reject(new PoolClosedError()); // a hook has closed it just now
    return this.#wait(options);
  }

  #wait(options: AcquireOptions | undefined): Promise<Lease<T>> {
    return new Promise((resolve, reject) => {
      const timeout = options?.timeout ?? this.settings.acquireTimeout;
      const waiter = new Waiter(resolve, reject, timeout, options?.signal);
      if (this.#tracker !== null) this.#tracker.notePlace(waiter);
      this.#isPrimed = true;
      this.waiters.add(waiter, options?.priority ?? 0);
      if (grainOf(timeout) < this.#nextLook) this.#lookWithin(grainOf(timeout));
      this.#serve();
      if (waiter.chain !== null && this.waiters.size > this.#coming + this.settings.maxWaiters) {
        this.waiters.refuse(waiter, this.#tooManyWaiters());
      }
    });
  }

  /** Sees to it that whoever waits is looked at so soon. */
  #lookWithin(grain: number): void {
    this.#nextLook = grain;
    this.alarm.setFor(this.settings.clock.now() + grain);
  }

  #tooManyWaiters(): TooManyWaitersError {
    return new TooManyWaitersError(this.settings.maxWaiters, { cause: this.stock.lastFailure });
  }

  /** How many leases will be there by themselves. */
  get #coming(): number {
    return (this.stock.creating + this.stock.checking) * this.settings.leasesPerResource;
  }

  /** A resource for one lease more, or `null` if there is none, or it has to be checked first. */
  #take(): Resource<T> | null {
    const { available } = this;
    for (;;) {
      const resource = this.#isLifo ? available.last : available.first;
      if (resource === null || resource.leases > 0) return resource;
      available.remove(resource);
      this.#countResting(-1);
      if (!this.#isCareful) return resource;
      resource.state = "checking";
      const isReady = this.#wake(resource) && this.#isFit(resource);
      if (isReady || isReady === null) return isReady && resource;
    }
  }

  /** Checks one that rests. */
  keepAlive(resource: Resource<T>): void {
    this.available.remove(resource);
    this.#countResting(-1);
    resource.state = "checking";
    if (this.#wake(resource) && this.stock.check(resource)) this.checked(resource);
  }

  /** Says that it does not rest any more; whether it is still there then. */
  #wake(resource: Resource<T>): boolean {
    try {
      this.settings.onBusy?.(resource.value);
    } catch (error) {
      this.#hookFailed(resource, error, "onBusy");
    }
    return this.#remains(resource);
  }

  /** Whether it can be used; `null` if that is being found out. */
  #isFit(resource: Resource<T>): boolean | null {
    const { validate, validateAfter, clock } = this.settings;
    if (validate === undefined || clock.now() - resource.provenAt < validateAfter) return true;
    return this.stock.check(resource) && this.#remains(resource);
  }

  /** Destroys what was doomed while it was being looked at. */
  #remains(resource: Resource<T>): boolean {
    if (resource.doom === null) return true;
    this.stock.destroy(resource);
    return false;
  }

  #lease(resource: Resource<T>): Lease<T> {
    resource.state = "leased";
    resource.leases++;
    this.leases++;
    this.acquired++;
    if (++resource.uses >= this.#maxUses) this.stock.doom(resource, "used-up");
    if (this.#isShared) this.#keepAvailable(resource);
    return new Lease(resource);
  }

  /** As long as it has room; those that are used in turn go to the end of the row. */
  #keepAvailable(resource: Resource<T>): void {
    const hasRoom = resource.leases < this.settings.leasesPerResource && resource.doom === null;
    if (resource.chain !== null && !(hasRoom && this.#isLifo)) this.available.remove(resource);
    if (resource.chain === null && hasRoom) this.available.push(resource);
  }

  giveBack(resource: Resource<T>, lease: Lease<T>): void {
    if (resource.state === "leased") { // or the pool was closed by force
      this.leases--;
      // Until it rests, nobody may take it for one that does.
      if (--resource.leases === 0 && resource.chain !== null) this.available.remove(resource);
    }
    this.#tracker?.ended(lease);
    if (resource.state !== "leased") return;
    if (this.stock.staying > this.settings.max) this.stock.doom(resource, "surplus");
    else if (!this.#isReusable(resource)) this.stock.doom(resource, "invalid");
    if (resource.state !== "leased") return; // others have given it back meanwhile, as above
    if (resource.doom === null) this.#place(resource);
    else this.retire(resource, resource.doom);
    if (this.#watchers.size > 0) this.#settle();
  }

  discard(resource: Resource<T>, lease: Lease<T>): void {
    this.stock.doom(resource, "discarded");
    this.giveBack(resource, lease);
  }

  takeOut(resource: Resource<T>, lease: Lease<T>): void {
    if (resource.chain !== null) this.available.remove(resource);
    resource.leases--;
    this.leases--;
    this.stock.letGo(resource);
    this.#tracker?.ended(lease);
    this.changed();
  }

  #isReusable(resource: Resource<T>): boolean {
    if (this.settings.reusable === undefined) return true;
    try {
      return this.settings.reusable(resource.value);
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
    if (this.#remains(resource)) this.#place(resource);
    this.changed();
  }

  /** Gives it to whoever waits, or lays it to rest. */
  #place(resource: Resource<T>): void {
    const { leasesPerResource } = this.settings;
    while (this.waiters.size > 0 && this.gate === "open") {
      if (resource.leases >= leasesPerResource || resource.doom !== null) return;
      const waiter = this.waiters.shift();
      const lease = this.#lease(resource);
      waiter.resolve(lease);
      this.#tracker?.began(lease, resource, waiter);
    }
    if (resource.leases === 0) this.#rest(resource);
    else if (resource.chain === null && resource.leases < leasesPerResource) {
      this.available.push(resource);
    }
  }

  #rest(resource: Resource<T>): void {
    const wasUsed = resource.state === "leased"; // a check is no use
    resource.state = "idle";
    if (this.resting >= this.settings.maxIdle && !this.#makeRoom(resource)) return;
    const stamp = this.#upkeep.stamp();
    if (wasUsed) resource.restedAt = stamp;
    resource.provenAt = stamp;
    this.available.push(resource);
    this.#upkeep.restBegins();
    this.#countResting(1);
    if (this.settings.onIdle !== undefined) this.#tellThatItRests(resource);
  }

  /** Full: either this one goes, or the one that has rested the longest. */
  #makeRoom(resource: Resource<T>): boolean {
    const oldest = this.settings.surplus === "oldest" ? this.oldest() : null;
    this.retire(oldest ?? resource, "surplus");
    return oldest !== null;
  }

  /** What has rested the longest. */
  oldest(): Resource<T> | null {
    let resource = this.available.first;
    while (resource !== null && resource.state !== "idle") resource = resource.after;
    return resource;
  }

  #countResting(change: 1 | -1): void {
    this.resting += change;
    if (this.#budget !== null) this.#budget.rest(change);
  }

  #tellThatItRests(resource: Resource<T>): void {
    if (resource.state !== "idle") return; // it gave way to what others want
    try {
      this.settings.onIdle!(resource.value);
    } catch (error) {
      this.#hookFailed(resource, error, "onIdle");
    }
  }

  /** It may not be what it was; and a pause, or one would be created after the other. */
  #hookFailed(resource: Resource<T>, error: unknown, hook: string): void {
    this.events.report(error, hook);
    this.stock.pause(this.settings.clock.now());
    this.retire(resource, "invalid");
  }

  /** It has to go: now, or as soon as nobody uses it. */
  retire(resource: Resource<T>, reason: Reason): void {
    this.stock.doom(resource, reason);
    if (resource.chain !== null) {
      this.available.remove(resource);
      if (resource.state === "idle") this.#countResting(-1);
    }
    const isInUse = resource.leases > 0 || resource.state === "checking";
    if (!isInUse && this.stock.resources.get(resource.value) === resource) {
      this.stock.destroy(resource);
    }
  }

  evict(which: T | ((resource: T) => boolean)): number {
    const resources = this.#matching(which).filter(({ doom }) => doom === null);
    for (const resource of resources) this.retire(resource, "evicted");
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
      while (this.#isShort && this.available.size > 0) {
        const resource = this.#take();
        if (resource !== null) this.#place(resource);
      }
      while (this.wantsMore && this.stock.mayCreate(this.settings.max)) this.stock.create();
    }
    this.#isServing = false;
    this.#settle();
  }

  /** Whether somebody waits for whom nothing is on its way. */
  get #isShort(): boolean {
    return this.waiters.size > 0 && this.gate === "open" && this.waiters.size > this.#coming;
  }

  get wantsMore(): boolean {
    const isLow = this.#isPrimed && this.stock.staying < this.settings.min;
    return this.#isShort || (isLow && !this.closed);
  }

  #settle(): void {
    const somebodyWaits = this.waiters.size > 0 || this.#watchers.size > 0;
    this.alarm.hold(somebodyWaits);
    for (const look of this.#watchers) look();
    this.#budget?.settled();
  }

  /** Whether nothing would be lost if there were a new one instead. */
  get isEmpty(): boolean {
    const { backoff, size } = this.stock;
    return size === 0 && this.waiters.size === 0 && backoff.until <= this.settings.clock.now();
  }

  /** Resolves as soon as it is so, or rejects with what it throws. */
  #until(isSo: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = () => {
        try {
          if (!isSo()) return;
          resolve();
        } catch (error) {
          reject(error);
        }
        this.#watchers.delete(look);
      };
      this.#watchers.add(look);
      this.#settle();
    });
  }

  fill(): Promise<void> {
    const { stock, settings } = this;
    const failures = stock.createFailures;
    this.#isPrimed = true;
    this.#serve();
    return this.#until(() => {
      if (this.closed) throw new PoolClosedError();
      if (stock.createFailures > failures) throw stock.lastFailure;
      return stock.resources.size >= settings.min;
    });
  }

  drain(): Promise<void> {
    return this.#until(() => this.leases === 0 && this.waiters.size === 0);
  }

  suspend(isSuspended: boolean): void {
    if (this.closed) throw new PoolClosedError();
    this.gate = isSuspended ? "suspended" : "open";
    this.#serve();
  }

  resize(size: Required<PoolSize>): void {
    Object.assign(this.settings, size);
    while (this.resting > 0 && this.#isTooLarge) this.retire(this.oldest()!, "surplus");
    this.#serve();
  }

  get #isTooLarge(): boolean {
    return this.stock.staying > this.settings.max || this.resting > this.settings.maxIdle;
  }

  #closing: Promise<number> | undefined;
  #closesAt = Infinity;
  #forced = 0;

  /** Resolves with how many were still in use when the time was over. */
  close(timeout: number): Promise<number> {
    this.#closesAt = Math.min(this.#closesAt, this.settings.clock.now() + timeout);
    this.alarm.setFor(this.#closesAt);
    return this.#closing ??= this.#close();
  }

  async #close(): Promise<number> {
    this.gate = "closed";
    const error = new PoolClosedError();
    for (const waiter of this.waiters.toArray()) this.waiters.refuse(waiter, error);
    this.stock.callOff(error);
    for (const resource of [...this.stock.resources.values()]) this.retire(resource, "closed");
    await this.#until(() => this.stock.size === 0);
    this.alarm.cancel();
    return this.#forced;
  }

  #force(): void {
    this.#closesAt = Infinity;
    for (const resource of [...this.stock.resources.values()]) {
      if (resource.leases === 0) continue;
      this.#forced++;
      this.leases -= resource.leases;
      resource.leases = 0;
      this.stock.destroy(resource);
    }
    this.stock.giveUp();
  }

  /** The alarm rings. */
  #tick(): void {
    const now = this.settings.clock.now();
    this.#nextLook = Infinity;
    const nextDeadline = this.waiters.sweep(now, (waiter) => this.#timeIsOver(waiter, now));
    if (now >= this.#closesAt) this.#force();
    const next = Math.min(
      nextDeadline,
      this.stock.sweep(now),
      this.#upkeep.sweep(now),
      this.#tracker?.sweep(now) ?? Infinity,
      this.#closesAt,
    );
    if (next < Infinity) this.alarm.setFor(next);
    this.#serve();
  }

  #timeIsOver(waiter: Waiter<T>, now: number): void {
    this.timedOut++;
    const { lastFailure } = this.stock;
    this.waiters.refuse(waiter, new AcquireTimeoutError(waiter.timeout, { cause: lastFailure }));
    this.events.emit("timedOut", { waited: now - waiter.since });
  }

  /** Leases are noted down only if somebody wants to know of them. */
  track(): void {
    const { leakAfter } = this.settings;
    const isWanted = leakAfter < Infinity || this.events.has("acquired") ||
      this.events.has("released");
    if (isWanted) this.#tracker ??= new Tracker(this.settings, this.events, this.alarm);
    else this.#tracker = null;
  }
}

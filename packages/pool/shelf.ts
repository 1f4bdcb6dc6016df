import type { Budget } from "./budget.ts";
import type { Engine } from "./engine.ts";
import type { Settings } from "./options.ts";
import { Pile } from "./pile.ts";
import type { Resource } from "./resource.ts";
import { Upkeep } from "./upkeep.ts";

/**
 * Where resources are that have room for a lease: those that rest, and those that carry several
 * leases and could carry more. Whoever comes last is taken first, or the other way round.
 */
export class Shelf<T> {
  readonly available: Pile<Resource<T>> = new Pile<Resource<T>>();
  /** How many of them are leased. */
  #lent = 0;
  readonly upkeep: Upkeep<T>;
  readonly #engine: Engine<T>;
  readonly #settings: Settings<T>;
  readonly #budget: Budget | null;
  readonly #isLifo: boolean;
  /** Whether there is more to it than that who comes last is next, and for one lease. */
  readonly #needsCare: boolean;
  /** Whether there may be more that could rest than may. */
  #mayBeFull = false;

  constructor(engine: Engine<T>, budget: Budget | null) {
    const { settings } = engine;
    this.upkeep = new Upkeep(engine);
    this.#engine = engine;
    this.#settings = settings;
    this.#budget = budget;
    this.#isLifo = settings.reuse === "lifo";
    this.#needsCare = !this.#isLifo || settings.leasesPerResource > 1 || budget !== null ||
      settings.validate !== undefined || settings.onIdle !== undefined ||
      settings.onBusy !== undefined;
    this.resized();
  }

  /** The settings have changed. */
  resized(): void {
    this.#mayBeFull = this.#settings.maxIdle < this.#settings.max;
  }

  /** How many of them rest. */
  get resting(): number {
    return this.available.size - this.#lent;
  }

  /** A resource for one lease more, or `null` if there is none, or it has to be checked first. */
  take(): Resource<T> | null {
    return this.#needsCare ? this.#takeWithCare() : this.available.pop();
  }

  #takeWithCare(): Resource<T> | null {
    for (;;) {
      const resource = this.#isLifo ? this.available.last : this.available.first;
      if (resource === null || resource.leases > 0) return resource;
      this.remove(resource);
      resource.isAside = true;
      const isFit = this.#wake(resource) && this.#isFit(resource);
      if (isFit === null) return null;
      if (!isFit) continue;
      resource.isAside = false;
      return resource;
    }
  }

  /** Checks one that rests. */
  keepAlive(resource: Resource<T>): void {
    this.remove(resource);
    resource.isAside = true;
    if (this.#wake(resource) && this.#engine.stock.check(resource)) this.#engine.checked(resource);
  }

  /** Says that it does not rest any more; whether it is still there then. */
  #wake(resource: Resource<T>): boolean {
    const { events } = this.#engine;
    try {
      events.follow(this.#settings.onBusy?.(resource.value), "onBusy");
    } catch (error) {
      this.#hookFailed(resource, error, "onBusy");
    }
    return this.#engine.stock.remains(resource);
  }

  /** Whether it can be used; `null` if that is being found out. */
  #isFit(resource: Resource<T>): boolean | null {
    const { validate, validateAfter, clock } = this.#settings;
    if (validate === undefined || clock.now() - resource.provenAt < validateAfter) return true;
    const { stock } = this.#engine;
    return stock.check(resource) && stock.remains(resource);
  }

  /** Keeps what has been leased, as long as it has room; what is used in turn goes to the end. */
  keep(resource: Resource<T>): void {
    const hasRoom = resource.leases < this.#settings.leasesPerResource && resource.doom === null;
    if (resource.isLinked && !(hasRoom && this.#isLifo)) this.remove(resource);
    if (resource.isLinked || !hasRoom) return;
    this.available.push(resource);
    this.#lent++;
  }

  /** Lays it to rest, if there is room. */
  lay(resource: Resource<T>): void {
    if (this.#mayBeFull && this.#isFull) return this.#makeRoom(resource);
    this.available.push(resource);
    if (this.upkeep.needsLook) this.upkeep.restBegins();
    if (this.#needsCare) this.#tellThatItRests(resource);
  }

  get #isFull(): boolean {
    return this.resting >= this.#settings.maxIdle;
  }

  /** Full: either this one goes, or the one that has rested the longest. */
  #makeRoom(resource: Resource<T>): void {
    const oldest = this.#settings.surplus === "oldest" ? this.oldest() : null;
    this.#engine.retire(oldest ?? resource, "surplus");
    // Whoever was told may have called us: this one is gone, or wanted, or the room is taken again.
    if (oldest !== null && !resource.isAside) this.#engine.place(resource);
  }

  #tellThatItRests(resource: Resource<T>): void {
    const { validate, onIdle, clock } = this.#settings;
    const { events } = this.#engine;
    if (validate !== undefined) resource.provenAt = clock.now();
    this.#budget?.rest(1);
    if (onIdle === undefined || !resource.isAtRest) return; // it gave way to what others want
    try {
      events.follow(onIdle(resource.value), "onIdle");
    } catch (error) {
      this.#hookFailed(resource, error, "onIdle");
    }
  }

  /** It may not be what it was; and a pause, or one would be created after the other. */
  #hookFailed(resource: Resource<T>, error: unknown, hook: string): void {
    const { events, stock } = this.#engine;
    events.report(error, hook);
    stock.pause(this.#settings.clock.now());
    this.#engine.retire(resource, "invalid");
  }

  /** What has rested the longest. */
  oldest(): Resource<T> | null {
    return this.available.find(({ leases }) => leases === 0);
  }

  /** Takes it away, if it is here. */
  remove(resource: Resource<T>): void {
    if (!resource.isLinked) return;
    this.available.remove(resource);
    if (resource.leases === 0) this.#budget?.rest(-1);
    else this.#lent--;
  }
}

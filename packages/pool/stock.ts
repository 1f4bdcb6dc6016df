import type { Alarm } from "./alarm.ts";
import { Attempts, isPromise } from "./attempts.ts";
import { Backoff } from "./backoff.ts";
import type { Budget } from "./budget.ts";
import { Creation } from "./creation.ts";
import type { Engine } from "./engine.ts";
import { CreateTimeoutError } from "./errors.ts";
import type { Events } from "./events.ts";
import type { Settings } from "./options.ts";
import { type Reason, Resource } from "./resource.ts";

/** What there is: resources come into being here, are examined, and are destroyed. */
export class Stock<T> {
  /** How many there are, those included that are being created or destroyed. */
  size = 0;
  /** Those of them that need not go. */
  staying = 0;
  /** What may be leased, is leased or is being checked, by its value. */
  readonly resources: Map<T, Resource<T>> = new Map<T, Resource<T>>();
  readonly backoff: Backoff;
  /** Why creating one has failed the last time, if none has been created since. */
  lastFailure: unknown;
  created = 0;
  createFailures = 0;
  destroyed = 0;
  invalid = 0;
  /** How many are being created. */
  creating = 0;

  readonly #settings: Settings<T>;
  readonly #engine: Engine<T>;
  readonly #events: Events<T>;
  readonly #alarm: Alarm;
  readonly #budget: Budget | null;
  readonly #creations: Attempts<Creation, T>;
  readonly #checks: Attempts<Resource<T>, boolean>;
  readonly #removals: Attempts<Resource<T>, unknown>;
  /** Creations that can still be called off. */
  readonly #underWay = new Set<Creation>();

  constructor(
    settings: Settings<T>,
    engine: Engine<T>,
    events: Events<T>,
    alarm: Alarm,
    budget: Budget | null,
  ) {
    this.#settings = settings;
    this.#engine = engine;
    this.#events = events;
    this.#alarm = alarm;
    this.#budget = budget;
    this.backoff = new Backoff(settings.backoff, settings.maxBackoff, settings.jitter);

    const { clock, createTimeout, validateTimeout, destroyTimeout } = settings;
    this.#creations = new Attempts(createTimeout, clock, alarm, {
      done: (creation, value) => this.#made(creation, value),
      failed: (creation, error) => this.#notMade(creation, error),
      givenUp: (creation) => this.#tookTooLong(creation),
      lateResult: (value) => this.#destroyLate(value),
      lateError: () => {}, // whoever asked was told that it took too long
    });
    this.#checks = new Attempts(validateTimeout, clock, alarm, {
      done: (resource, isValid) => isValid ? engine.checked(resource) : this.#isInvalid(resource),
      failed: (resource, error) => this.#cannotBeChecked(resource, error),
      givenUp: (resource) => this.#isInvalid(resource),
      lateError: (error) => events.report(error, "validate"),
    });
    this.#removals = new Attempts(destroyTimeout, clock, alarm, {
      done: () => this.#left(),
      failed: (_resource, error) => this.#notDestroyed(error),
      givenUp: () => this.#left(),
      lateError: (error) => events.report(error, "destroy"),
    });
  }

  get checking(): number {
    return this.#checks.size;
  }

  /** Those that are being destroyed. */
  get leaving(): number {
    return this.size - this.resources.size - this.creating;
  }

  /** Whether one may be created now; the budget, if it is asked, has then paid for it. */
  mayCreate(max: number): boolean {
    if (this.size >= max || this.creating >= this.#settings.maxCreating) return false;
    if (this.backoff.until !== 0 && this.#settings.clock.now() < this.backoff.until) return false;
    return this.#budget === null || this.#budget.take();
  }

  create(): void {
    this.size++;
    this.staying++;
    const creation = new Creation(this.#settings.clock.now());
    this.#underWay.add(creation);
    this.creating++;
    let made: T;
    try {
      const answer = this.#settings.create(creation);
      if (isPromise(answer)) return this.#creations.follow(creation, answer);
      made = answer;
    } catch (error) {
      return this.#notMade(creation, error);
    }
    this.#made(creation, made);
  }

  #made(creation: Creation, value: T): void {
    if (this.resources.has(value)) {
      const error = new TypeError("create must make another resource each time");
      return this.#notMade(creation, error);
    }
    this.#underWay.delete(creation);
    this.creating--;
    this.backoff.succeeded();
    this.lastFailure = undefined;
    this.created++;
    const now = this.#settings.clock.now();
    const resource = new Resource(value, this.#engine, this.#expiry(now));
    this.resources.set(value, resource);
    this.#events.emit("created", { resource: value, took: now - creation.begun });
    if (creation.isUnwanted) this.doom(resource, "late");
    this.#engine.arrived(resource);
  }

  #expiry(now: number): number {
    const { maxLifetime, jitter } = this.#settings;
    if (maxLifetime === Infinity) return Infinity;
    const time = now + maxLifetime * (1 - jitter * Math.random());
    this.#alarm.setFor(time);
    return time;
  }

  #notMade(creation: Creation, error: unknown): void {
    this.#underWay.delete(creation);
    this.creating--;
    this.size--;
    this.staying--;
    this.#budget?.give();
    if (creation.isUnwanted) return this.#engine.changed();
    this.createFailures++;
    this.lastFailure = error;
    this.pause(creation.begun);
    if (this.#events.has("createFailed")) {
      const retryIn = this.backoff.until - this.#settings.clock.now();
      this.#events.emit("createFailed", { error, retryIn });
    }
    this.#engine.createFailed(error);
  }

  /** Creates nothing for a while, since something has failed that began at that time. */
  pause(begun: number): void {
    this.backoff.failed(begun, this.#settings.clock.now());
    this.#alarm.setFor(this.backoff.until);
  }

  #tookTooLong(creation: Creation): void {
    const error = new CreateTimeoutError(this.#settings.createTimeout);
    this.#notMade(creation, error);
    creation.callOff(error);
  }

  /** It has no place here any more, so that it is nobody's but ours to destroy. */
  #destroyLate(value: T): void {
    if (this.resources.has(value)) return;
    this.#events.emit("destroyed", { resource: value, reason: "late" });
    try {
      const answer = this.#settings.destroy?.(value, "late");
      if (!isPromise(answer)) return;
      Promise.resolve(answer).catch((error) => this.#events.report(error, "destroy"));
    } catch (error) {
      this.#events.report(error, "destroy");
    }
  }

  /** Whether it is valid; `null` if that takes a while, and the engine is told. */
  check(resource: Resource<T>): boolean | null {
    try {
      const answer = this.#settings.validate!(resource.value);
      if (isPromise(answer)) {
        this.#checks.follow(resource, answer);
        return null;
      }
      if (answer) return true;
    } catch (error) {
      this.#events.report(error, "validate");
    }
    this.#isInvalid(resource);
    return false;
  }

  #cannotBeChecked(resource: Resource<T>, error: unknown): void {
    this.#events.report(error, "validate");
    this.#isInvalid(resource);
  }

  #isInvalid(resource: Resource<T>): void {
    this.invalid++;
    this.doom(resource, "invalid");
    this.destroy(resource);
  }

  /** Destroys what was doomed while it was being looked at; whether it is still there. */
  remains(resource: Resource<T>): boolean {
    if (resource.doom === null) return true;
    this.destroy(resource);
    return false;
  }

  /** All that may be leased, as it is now. */
  toArray(): Resource<T>[] {
    return [...this.resources.values()];
  }

  /** From now on it is only there until nobody uses it. */
  doom(resource: Resource<T>, reason: Reason): void {
    if (resource.doom !== null) return;
    resource.doom = reason;
    this.staying--;
  }

  destroy(resource: Resource<T>): void {
    resource.isAside = true;
    const { value } = resource;
    const reason = resource.doom!;
    this.resources.delete(value);
    this.#events.emit("destroyed", { resource: value, reason });
    try {
      const answer = this.#settings.destroy?.(value, reason);
      if (isPromise(answer)) return this.#removals.follow(resource, answer);
    } catch (error) {
      this.#events.report(error, "destroy");
    }
    this.#left();
  }

  #notDestroyed(error: unknown): void {
    this.#events.report(error, "destroy");
    this.#left();
  }

  #left(): void {
    this.size--;
    this.destroyed++;
    this.#budget?.give();
    this.#engine.changed();
  }

  /** Lets it go without destroying it. */
  letGo(resource: Resource<T>): void {
    if (resource.doom === null) this.staying--;
    resource.isAside = true;
    this.resources.delete(resource.value);
    this.size--;
    this.#budget?.give();
  }

  /** Tells those who are creating resources that nobody wants them. */
  callOff(reason: unknown): void {
    for (const creation of [...this.#underWay]) creation.callOff(reason);
  }

  /** Gives up what takes too long, and tells when to look again. */
  sweep(now: number): number {
    return Math.min(
      this.#creations.sweep(now),
      this.#checks.sweep(now),
      this.#removals.sweep(now),
      this.backoff.until > now ? this.backoff.until : Infinity,
    );
  }

  /** Waits no longer for those who are creating resources, checking or destroying them. */
  giveUp(): void {
    this.#creations.giveUp();
    this.#checks.giveUp();
    this.#removals.giveUp();
  }
}

import type { Engine } from "./engine.ts";
import type { Resource } from "./resource.ts";

/**
 * What time does to resources. No clock is read when one is released: the next look notes down
 * since when it rests. So nothing goes too early, and nothing costs the one who releases.
 */
export class Upkeep<T> {
  readonly #engine: Engine<T>;
  /**
   * How often to look at what rests: its beginning is noticed by a look, and its end by another, and
   * together they are a sixteenth late at most.
   */
  readonly #grain: number;
  /** When to look next, and whether that is not soon enough for what comes to rest now. */
  #next = Infinity;
  needsLook: boolean;

  constructor(engine: Engine<T>) {
    const { idleTimeout, keepAlive } = engine.settings;
    this.#engine = engine;
    this.#grain = Math.min(idleTimeout, keepAlive) / 32;
    this.needsLook = this.#grain < Infinity;
  }

  restBegins(): void {
    this.needsLook = false;
    const { alarm, settings } = this.#engine;
    this.#next = settings.clock.now() + this.#grain;
    alarm.setFor(this.#next);
  }

  /** Destroys what is too old, and looks after what rests; tells when to look again. */
  sweep(now: number): number {
    const nextExpiry = this.#expire(now);
    if (this.#next === Infinity) return nextExpiry;
    this.#next = this.#look(now);
    this.needsLook = this.#next > now + this.#grain;
    return Math.min(nextExpiry, this.#next);
  }

  #expire(now: number): number {
    const { stock, settings } = this.#engine;
    if (settings.maxLifetime === Infinity) return Infinity;
    let next = Infinity;
    for (const resource of stock.toArray()) {
      if (resource.expiresAt <= now) this.#engine.retire(resource, "expired");
      else next = Math.min(next, resource.expiresAt);
    }
    return next;
  }

  #look(now: number): number {
    let next = Infinity;
    for (const resource of this.#engine.shelf.available.toArray()) {
      if (resource.isAtRest) next = Math.min(next, this.#lookAt(resource, now));
    }
    return next;
  }

  /** Notes down since when it rests, at the first look since it was leased. */
  #noteRest(resource: Resource<T>, now: number): void {
    if (resource.usesAtRest === resource.uses) return;
    resource.usesAtRest = resource.uses;
    resource.restedAt = now;
  }

  /** Tells when to look again. */
  #lookAt(resource: Resource<T>, now: number): number {
    const { settings, stock } = this.#engine;
    this.#noteRest(resource, now);
    const idleUntil = resource.restedAt + settings.idleTimeout;
    const staleAt = resource.provenAt + settings.keepAlive;
    if (idleUntil <= now && stock.staying > settings.min) {
      this.#engine.retire(resource, "idle");
      return Infinity;
    }
    if (staleAt <= now) this.#engine.shelf.keepAlive(resource);
    return Math.max(now + this.#grain, Math.min(idleUntil, staleAt));
  }
}

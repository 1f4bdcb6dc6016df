import type { Alarm } from "./alarm.ts";
import type { Events } from "./events.ts";
import type { Lease } from "./lease.ts";
import type { Settings } from "./options.ts";
import type { Resource } from "./resource.ts";
import type { Waiter } from "./waiters.ts";

interface Held<T> {
  readonly resource: T;
  readonly since: number;
  readonly stack: string;
  isReported: boolean;
}

/** Who has what since when, noted down for those who listen, and to find what was forgotten. */
export class Tracker<T> {
  readonly #settings: Settings<T>;
  readonly #events: Events<T>;
  readonly #alarm: Alarm;
  /** In the order they began. */
  readonly #held = new Map<Lease<T>, Held<T>>();

  constructor(settings: Settings<T>, events: Events<T>, alarm: Alarm) {
    this.#settings = settings;
    this.#events = events;
    this.#alarm = alarm;
  }

  /** Notes down when and where somebody began to wait. */
  notePlace(waiter: Waiter<T>): void {
    waiter.since = this.#settings.clock.now();
    waiter.stack = this.#stack();
  }

  /** Where we are called from, if that may be asked for. */
  #stack(): string {
    if (this.#settings.leakAfter === Infinity) return "";
    return deepStack()?.replace(/^Error\n/, "") ?? "";
  }

  began(lease: Lease<T>, resource: Resource<T>, waiter: Waiter<T> | null): void {
    const { clock, leakAfter } = this.#settings;
    const since = clock.now();
    const stack = waiter === null ? this.#stack() : waiter.stack;
    const waited = waiter === null || waiter.since === -1 ? 0 : since - waiter.since;
    this.#held.set(lease, { resource: resource.value, since, stack, isReported: false });
    if (leakAfter < Infinity) this.#alarm.setFor(since + leakAfter);
    this.#events.emit("acquired", { resource: resource.value, waited });
  }

  ended(lease: Lease<T>): void {
    const held = this.#held.get(lease);
    if (held === undefined) return; // it began before anybody listened
    this.#held.delete(lease);
    const time = this.#settings.clock.now() - held.since;
    this.#events.emit("released", { resource: held.resource, held: time });
  }

  /** Reports what was forgotten, each once, and tells when to look again. */
  sweep(now: number): number {
    const { leakAfter } = this.#settings;
    for (const held of [...this.#held.values()]) {
      if (held.isReported) continue;
      const due = held.since + leakAfter;
      if (due > now) return due;
      held.isReported = true;
      this.#report(held, now - held.since);
    }
    return Infinity;
  }

  #report({ resource, stack }: Held<T>, held: number): void {
    if (this.#events.has("leaked")) this.#events.emit("leaked", { resource, held, stack });
    else console.warn(`A lease was not given back in ${Math.round(held)} ms; acquired\n${stack}`);
  }
}

/** Of ten lines, which is what there is by default, all may be ours. */
function deepStack(): string | undefined {
  const { stackTraceLimit } = Error;
  if (stackTraceLimit < 30) Error.stackTraceLimit = 30;
  const { stack } = new Error();
  if (stackTraceLimit < 30) Error.stackTraceLimit = stackTraceLimit;
  return stack;
}

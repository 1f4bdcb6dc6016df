import assert from "node:assert/strict";
import { TestClock } from "./clock_fixture.ts";
import {
  type AcquireOptions,
  type Lease,
  Pool,
  PoolError,
  type PoolOptions,
  type Reason,
} from "./mod.ts";

/** A resource that knows what was done to it. */
export class Thing {
  readonly id: number;
  leases = 0;
  destroyed = 0;
  isTaken = false;

  constructor(id: number) {
    this.id = id;
  }
}

/** How a call of a function that the pool was given ends. */
export type Ending = "now" | "soon" | "throws" | "rejects" | "never";

/** What decides over endings, and when what ends soon does. */
export interface Fate {
  create(): Ending;
  destroy(): Ending;
  validate(): Ending | "no";
  /** Resolves some time. */
  soon(what: string): Promise<unknown>;
}

/** What a create fails with. */
export class Refused extends Error {}

/** One call of `acquire`, and what became of it. */
export interface Ticket {
  readonly number: number;
  readonly priority: number;
  /** Whether it was called while another call was being made, so that neither comes first. */
  readonly isNested: boolean;
  readonly controller: AbortController;
  readonly settled: Promise<void>;
}

/** A pool, and everything that can be seen of it from outside, checked at every step. */
export class World {
  readonly clock = new TestClock();
  readonly pool: Pool<Thing>;
  readonly things: Thing[] = [];
  readonly leases: Lease<Thing>[] = [];
  /** In the order they came. */
  readonly pending = new Set<Ticket>();
  readonly #capacity: number;
  #tickets = 0;
  /** Calls of `acquire` so far, and those that are being made. */
  #calls = 0;
  #depth = 0;
  isForced = false;

  constructor(fate: Fate, options: Partial<PoolOptions<Thing>>) {
    this.#capacity = options.leasesPerResource ?? 1;
    this.pool = new Pool<Thing>({
      create: () => this.#create(fate),
      destroy: (thing, reason) => this.#destroy(fate, thing, reason),
      validate: (thing) => this.#validate(fate, thing),
      clock: this.clock,
      ...options,
    });
    this.pool.on("error", () => {}); // they are thrown on purpose
  }

  #create(fate: Fate): Thing | Promise<Thing> {
    const { size, max } = this.pool.stats;
    assert.ok(size <= max, `creates number ${size} of ${max}`);
    return this.#end(fate, fate.create(), "create", () => this.#newThing());
  }

  #newThing(): Thing {
    const thing = new Thing(this.things.length);
    this.things.push(thing);
    return thing;
  }

  #destroy(fate: Fate, thing: Thing, reason: Reason): void | Promise<void> {
    assert.equal(++thing.destroyed, 1, "destroyed once");
    assert.ok(!thing.isTaken, "not destroyed if taken out");
    assert.ok(thing.leases === 0 || (reason === "closed" && this.isForced), "not while leased");
    return this.#end(fate, fate.destroy(), "destroy", () => {});
  }

  #validate(fate: Fate, thing: Thing): boolean | Promise<boolean> {
    assert.ok(thing.leases === 0 && thing.destroyed === 0, "validated while at rest");
    const ending = fate.validate();
    if (ending === "no") return false;
    return this.#end(fate, ending, "validate", () => true);
  }

  #end<R>(fate: Fate, ending: Ending, what: string, result: () => R): R | Promise<R> {
    if (ending === "now") return result();
    if (ending === "throws") throw new Refused(what);
    if (ending === "rejects") return fate.soon(what).then(() => Promise.reject(new Refused(what)));
    if (ending === "soon") return fate.soon(what).then(result);
    return new Promise(() => {});
  }

  acquire(options: AcquireOptions = {}): Ticket {
    const controller = new AbortController();
    const wait = { ...options, signal: controller.signal };
    const calls = ++this.#calls;
    this.#depth++;
    const acquired = this.pool.acquire(wait);
    const isNested = --this.#depth > 0 || this.#calls > calls;
    const settled = acquired.then((lease) => this.#served(ticket, lease), (error) => {
      this.pending.delete(ticket);
      const isExpected = error instanceof Refused || error instanceof PoolError ||
        error === controller.signal.reason;
      assert.ok(isExpected, error);
    });
    const { priority = 0 } = options;
    const ticket: Ticket = {
      number: this.#tickets++,
      priority,
      isNested,
      controller,
      settled,
    };
    this.pending.add(ticket);
    return ticket;
  }

  #served(ticket: Ticket, lease: Lease<Thing>): void {
    this.pending.delete(ticket);
    for (const other of this.pending) {
      const isOvertaken = other.number < ticket.number && other.priority >= ticket.priority;
      const isOrdered = !other.isNested && !ticket.isNested;
      assert.ok(!isOvertaken || !isOrdered, `${ticket.number} has overtaken ${other.number}`);
    }
    this.hold(lease);
  }

  hold(lease: Lease<Thing>): void {
    if (lease.ended && this.isForced) return;
    const thing = lease.value;
    assert.equal(thing.destroyed, 0, "what is leased is alive");
    assert.ok(!thing.isTaken, "what is taken out is not leased");
    assert.ok(++thing.leases <= this.#capacity, "not handed out twice");
    this.leases.push(lease);
  }

  /** Ends a lease in one of the ways there are. */
  end(index: number, how: "release" | "discard" | "take"): void {
    if (this.leases.length === 0) return;
    const at = index % this.leases.length;
    const [lease] = this.leases.splice(at, 1);
    if (lease.ended) { // by force
      assert.ok(this.isForced);
      return lease.release();
    }
    const thing = lease.value;
    if (how === "take" && !this.#take(lease)) {
      this.leases.push(lease);
      return;
    }
    thing.leases--;
    if (how !== "take") lease[how]();
    assert.throws(() => lease.release(), { code: "LEASE_ENDED" });
    assert.throws(() => lease.value, { code: "LEASE_ENDED" });
  }

  /** Whether it can be taken: others may have leased it too. */
  #take(lease: Lease<Thing>): boolean {
    const thing = lease.value;
    try {
      assert.equal(lease.take(), thing);
      thing.isTaken = true;
    } catch (error) {
      assert.equal((error as PoolError).code, "LEASE_SHARED");
      assert.ok(this.#capacity > 1);
    }
    return thing.isTaken;
  }

  /** What has to be true at any time. */
  check(): void {
    const { stats } = this.pool;
    const { size, idle, leased, checking, creating, destroying } = stats;
    for (const figure of Object.values(stats)) assert.ok(figure >= 0, JSON.stringify(stats));
    assert.equal(size, idle + leased + checking + creating + destroying, JSON.stringify(stats));
    const alive = this.things.filter((it) => it.destroyed === 0 && !it.isTaken).length;
    assert.ok(idle + leased + checking <= alive, "what there is was created");
  }

  /** Everybody leaves, and the pool is closed: nothing may be left. */
  async finish(settle: () => Promise<void>): Promise<void> {
    if (!this.pool.closed) this.pool.resume();
    for (let round = 0; round < 100 && (this.pending.size > 0 || this.leases.length > 0); round++) {
      while (this.leases.length > 0) this.end(0, "release");
      await settle();
      this.clock.advance(500);
      await settle();
    }
    assert.equal(this.pending.size, 0, "nobody is forgotten");
    let isClosed = false;
    const closed = this.pool.close().then(() => isClosed = true);
    for (let round = 0; round < 100 && !isClosed; round++) {
      await settle();
      this.clock.advance(500);
    }
    assert.ok(isClosed, `closes: ${JSON.stringify(this.pool.stats)}`);
    await closed;
    assert.equal(this.pool.stats.size, 0);
    assert.equal(this.pool.stats.leases, 0);
    for (const thing of this.things) {
      assert.equal(thing.destroyed, thing.isTaken ? 0 : 1, `thing ${thing.id} is destroyed once`);
    }
    assert.equal(this.clock.timers, 0, "no timer is left");
  }
}

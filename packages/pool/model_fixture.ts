import { turns } from "@posixly/testing";
import fc from "fast-check";
import type { PoolOptions } from "./mod.ts";
import { type Ending, type Fate, type Thing, World } from "./world_fixture.ts";

/** A step of the test, which is possible at any time. The model is the world's own bookkeeping. */
class Step implements fc.AsyncCommand<object, World> {
  readonly #name: string;
  readonly #act: (world: World) => void;

  constructor(name: string, act: (world: World) => void) {
    this.#name = name;
    this.#act = act;
  }

  check(): boolean {
    return true;
  }

  async run(_model: object, world: World): Promise<void> {
    this.#act(world);
    world.check();
    await null;
    world.check();
  }

  toString(): string {
    return this.#name;
  }
}

const index = fc.nat(9);

const acquire = fc.record({
  priority: fc.constantFrom(0, 0, 0, 1, -1),
  timeout: fc.constantFrom(undefined, undefined, 0, 20, 300),
}).map((options) =>
  new Step(`acquire ${JSON.stringify(options)}`, (world) => void world.acquire(options))
);

const tryAcquire = fc.constant(
  new Step("tryAcquire", (world) => {
    const lease = world.pool.tryAcquire();
    if (lease !== null) world.hold(lease);
  }),
);

const end = fc.tuple(
  fc.constantFrom("release", "release", "release", "discard", "take" as const),
  index,
).map(([how, at]) => new Step(`${how} ${at}`, (world) => world.end(at, how)));

const abort = index.map((at) =>
  new Step(`abort ${at}`, (world) => {
    const tickets = [...world.pending];
    tickets[at % tickets.length]?.controller.abort();
  })
);

const advance = fc.constantFrom(1, 10, 60, 250, 2000).map((time) =>
  new Step(`advance ${time}`, (world) => world.clock.advance(time))
);

const jump = fc.constantFrom(1e6, -100).map((time) =>
  new Step(`jump ${time}`, (world) => world.clock.jump(time))
);

const evict = fc.integer({ min: 1, max: 3 }).map((every) =>
  new Step(`evict ${every}`, (world) => void world.pool.evict((it) => it.id % every === 0))
);

const resize = fc.record({ min: fc.nat(2), more: fc.nat(3), idle: fc.nat(2) }).map(
  ({ min, more, idle }) => {
    const size = { min, max: Math.max(1, min + more), maxIdle: min + idle };
    return new Step(`resize ${JSON.stringify(size)}`, (world) => world.pool.resize(size));
  },
);

const suspend = fc.boolean().map((isSuspended) =>
  new Step(isSuspended ? "suspend" : "resume", ({ pool }) => {
    if (pool.closed) return;
    if (isSuspended) pool.suspend();
    else pool.resume();
  })
);

const close = fc.constantFrom(undefined, 100).map((timeout) =>
  new Step(`close ${timeout}`, (world) => {
    if (timeout !== undefined) world.isForced = true;
    void world.pool.close({ timeout });
  })
);

const often = [acquire, acquire, acquire, tryAcquire, end, end, end, abort, advance];
const seldom = [jump, evict, resize, suspend];
export const steps = fc.commands([...often, ...often, ...seldom], { maxCommands: 60, size: "max" });
export const stepsAndClose = fc.commands([...often, ...often, ...seldom, close], {
  maxCommands: 60,
});

const mostlySoon = fc.constantFrom<Ending>("now", "soon", "soon", "soon", "rejects");
const anyhow = fc.constantFrom<Ending>("now", "soon", "throws", "rejects", "never");
const ending = fc.oneof({ arbitrary: mostlySoon, weight: 3 }, { arbitrary: anyhow, weight: 1 });
const verdict = fc.oneof(
  { arbitrary: ending, weight: 4 },
  { arbitrary: fc.constant<"no">("no"), weight: 1 },
);

/** How calls of what the pool was given end, one after the other, over and over. */
const endings = fc.record({
  // Now and then something has to be created, or nobody is ever served.
  create: fc.array(ending, { maxLength: 12 }).map((some) => [...some, "soon" as const]),
  destroy: fc.array(ending, { minLength: 1, maxLength: 6 }),
  validate: fc.array(verdict, { minLength: 1, maxLength: 8 }),
});

function fateOf(
  { create, destroy, validate }: typeof endings extends fc.Arbitrary<infer E> ? E : never,
  scheduler: fc.Scheduler,
): Fate {
  return {
    create: inTurn(create),
    destroy: inTurn(destroy),
    validate: inTurn(validate),
    soon: (what) => scheduler.schedule(Promise.resolve(), what),
  };
}

function inTurn<Kind>(all: readonly Kind[]): () => Kind {
  let at = 0;
  return () => all[at++ % all.length];
}

const options: fc.Arbitrary<Partial<PoolOptions<Thing>>> = fc.record({
  min: fc.nat(1),
  max: fc.integer({ min: 1, max: 4 }),
  maxIdle: fc.constantFrom(Infinity, 1, 2),
  surplus: fc.constantFrom("returned", "oldest"),
  maxWaiters: fc.constantFrom(Infinity, 0, 2),
  maxCreating: fc.constantFrom(Infinity, 1),
  leasesPerResource: fc.constantFrom(1, 1, 1, 3),
  reuse: fc.constantFrom("lifo", "fifo"),
  createRetries: fc.nat(1),
  maxUses: fc.constantFrom(Infinity, 1, 3),
  maxLifetime: fc.constantFrom(Infinity, 400),
  idleTimeout: fc.constantFrom(Infinity, 200),
  keepAlive: fc.constantFrom(Infinity, 150),
  validateAfter: fc.constantFrom(0, 50, Infinity),
  acquireTimeout: fc.constant(5000),
  createTimeout: fc.constant(300),
  validateTimeout: fc.constant(100),
  destroyTimeout: fc.constant(100),
  backoff: fc.constant(10),
  maxBackoff: fc.constant(200),
});

/** Does it all with a pool of whatever options, and looks at it at every step. */
export function anyRun(commands: typeof steps) {
  return fc.asyncProperty(
    fc.scheduler(),
    endings,
    options,
    commands,
    async (scheduler, endings, options, commands) => {
      const world = new World(fateOf(endings, scheduler), options);
      await fc.scheduledModelRun(scheduler, () => ({ model: {}, real: world }), commands);
      await world.finish(async () => {
        await scheduler.waitIdle();
        await turns(1);
      });
    },
  );
}

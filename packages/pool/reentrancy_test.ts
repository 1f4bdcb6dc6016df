import assert from "node:assert/strict";
import { turns } from "@posixly/testing";
import { test } from "uvu";
import { type Lease, Pool, type PoolEvents, type PoolOptions } from "./mod.ts";
import { type Ending, Refused, type Thing, World } from "./world_fixture.ts";

const hooks = ["create", "destroy", "validate", "reusable", "onIdle", "onBusy"] as const;
const events: readonly (keyof PoolEvents<Thing>)[] = [
  "created",
  "createFailed",
  "destroyed",
  "acquired",
  "released",
  "timedOut",
  "error",
];

const actions: Record<string, (world: World) => void> = {
  release: (world) => world.end(0, "release"),
  discard: (world) => world.end(0, "discard"),
  take: (world) => world.end(0, "take"),
  acquire: (world) => void world.acquire(),
  "acquire and give up": (world) => world.acquire().controller.abort(),
  tryAcquire: (world) => {
    const lease = world.pool.tryAcquire();
    if (lease !== null) world.hold(lease);
  },
  "use up all": (world) => {
    for (let lease; (lease = world.pool.tryAcquire()) !== null;) world.hold(lease);
  },
  evict: (world) => void world.pool.evict(() => true),
  "make it smaller": (world) => world.pool.resize({ min: 0, max: 1, maxIdle: 0 }),
  "make it larger": (world) => world.pool.resize({ max: 9, maxIdle: 9 }),
  "suspend and resume": (world) => {
    if (world.pool.closed) return;
    world.pool.suspend();
    world.pool.resume();
  },
  fill: (world) => void world.pool.fill().catch(() => {}),
  "let time go by": (world) => world.clock.advance(10_000),
  close: (world) => void world.pool.close(),
  throw: () => {
    throw new Refused("on purpose");
  },
};

/** What a listener for errors throws is printed. */
function silent(): Disposable {
  const { warn } = console;
  console.warn = () => {};
  return { [Symbol.dispose]: () => void (console.warn = warn) };
}

/** Does everything that calls something, while something acts whenever it is called. */
async function live(
  where: string,
  action: string,
  ending: Ending,
  isClosed: boolean,
  options: Partial<PoolOptions<Thing>>,
): Promise<number> {
  let calls = 0;
  let world: World | undefined;
  const act = () => {
    // Not for ever: whoever acquires whenever something is created never ends.
    if (world !== undefined && calls++ < 5) actions[action](world);
  };
  const actIn = (hook: string) => where === hook ? act() : undefined;
  let creates = 0;
  let destroys = 0;
  const made = new World({
    create: () => {
      actIn("create");
      return ++creates % 4 === 0 ? "throws" : ending;
    },
    destroy: () => {
      actIn("destroy");
      return ++destroys % 4 === 0 ? "throws" : ending;
    },
    validate: () => {
      actIn("validate");
      return creates % 3 === 0 ? "no" : creates % 5 === 0 ? "throws" : ending;
    },
    soon: () => Promise.resolve(),
  }, {
    min: 1,
    max: 3,
    validateAfter: 0,
    idleTimeout: 1000,
    reusable: () => (actIn("reusable"), true),
    onIdle: () => actIn("onIdle"),
    onBusy: () => actIn("onBusy"),
    ...options,
  });
  world = made;
  for (const event of events) made.pool.on(event, () => actIn(event));

  for (let round = 0; round < 6; round++) {
    for (let i = 0; i < 4; i++) made.acquire({ timeout: 50 });
    await turns(1);
    made.check();
    made.end(0, round % 2 === 0 ? "release" : "discard");
    made.end(1, "release");
    made.check();
    await turns(1);
    made.clock.advance(200);
    made.check();
  }
  if (isClosed) void made.pool.close(); // in which it acts as well
  await turns(1);
  world = undefined;
  await made.finish(() => turns(1)).catch((error) => {
    throw new Error(`${action} ${ending} ${isClosed}`, { cause: error });
  });
  return calls;
}

for (const where of [...hooks, ...events]) {
  test(`whatever ${where} does, or throws, nothing is lost`, async () => {
    let calls = 0;
    using _warnings = silent();
    for (const action of Object.keys(actions)) {
      for (const ending of ["now", "soon"] as const) {
        for (const isClosed of [false, true]) {
          calls += await live(where, action, ending, isClosed, {});
          const shared = { leasesPerResource: 2, reuse: "fifo" } as const;
          calls += await live(where, action, ending, isClosed, shared);
          const narrow = { min: 0, maxIdle: 1, surplus: "oldest" } as const;
          calls += await live(where, action, ending, isClosed, narrow);
        }
      }
    }
    assert.ok(calls > 0, "it was called");
  });
}

test("what is not reusable goes, also if others give it back while that is found out", async () => {
  const answers = [false, true];
  const leases: Lease<object>[] = [];
  const pool = new Pool({
    create: () => ({}),
    reusable() {
      const answer = answers.shift()!;
      if (!answer) leases[1].release();
      return answer;
    },
    leasesPerResource: 2,
  });
  leases.push(await pool.acquire(), await pool.acquire());
  assert.equal(leases[0].value, leases[1].value);
  leases[0].release();
  const { idle, destroyed } = pool.stats;
  assert.deepEqual({ idle, destroyed }, { idle: 0, destroyed: 1 });
});

test.run();

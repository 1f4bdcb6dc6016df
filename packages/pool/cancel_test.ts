import assert from "node:assert/strict";
import { test } from "uvu";
import type { PoolOptions } from "./mod.ts";
import { type Ending, type Thing, World } from "./world_fixture.ts";

/** How many microtasks to look at: more than anything here takes. */
const STEPS = 8;
const NEVER = -1;

async function microtasks(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await null;
}

const settle = () => microtasks(3 * STEPS);

interface Case {
  max: number;
  /** What there is when three begin to wait. */
  start: "nothing" | "one at rest" | "one that is leased";
  /** After how many microtasks a resource is there, or found to be valid. */
  takes: number;
  isValid: boolean;
  /** When the first and the second of them give up, and when the leased one is given back. */
  aborts: [number, number];
  released: number;
}

function* cases(): Generator<Case> {
  const moments = [NEVER, ...Array(STEPS).keys()];
  for (const max of [1, 2]) {
    for (const start of ["nothing", "one at rest", "one that is leased"] as const) {
      for (const takes of [0, 1, 3]) {
        for (const isValid of start === "one at rest" ? [true, false] : [true]) {
          for (const released of start === "one that is leased" ? [0, 1, 2, 3, 4] : [NEVER]) {
            for (const first of moments) {
              for (const second of moments) {
                yield { max, start, takes, isValid, aborts: [first, second], released };
              }
            }
          }
        }
      }
    }
  }
}

async function run({ max, start, takes, isValid, aborts, released }: Case): Promise<World> {
  const ending: Ending = takes === 0 ? "now" : "soon";
  const options: Partial<PoolOptions<Thing>> = { max, validateAfter: 0 };
  const world = new World({
    create: () => ending,
    destroy: () => "now",
    validate: () => isValid ? ending : "no",
    soon: () => microtasks(takes),
  }, options);
  if (start !== "nothing") {
    world.acquire();
    await settle();
    if (start === "one at rest") world.end(0, "release");
  }

  const tickets = [world.acquire(), world.acquire(), world.acquire()];
  for (let step = 0; step < STEPS; step++) {
    for (const [at, moment] of aborts.entries()) {
      if (moment === step) tickets[at].controller.abort();
    }
    if (released === step) world.end(0, "release");
    world.check();
    await null;
    // Whoever is served gives it to the next, but for the one who has it from the beginning.
    if (start !== "one that is leased" || step > released) world.end(0, "release");
    world.check();
  }
  return world;
}

test("whoever gives up, at whatever point, takes nothing away from the next", async () => {
  let count = 0;
  for (const one of cases()) {
    const world = await run(one);
    await world.finish(settle);
    const { acquired, timedOut } = world.pool.stats;
    const name = JSON.stringify(one);
    assert.equal(timedOut, 0, name);
    assert.ok(acquired >= 1, name);
    assert.ok(world.things.length <= (one.isValid ? one.max : one.max + 1), name);
    count++;
  }
  assert.equal(count, 3888);
});

test.run();

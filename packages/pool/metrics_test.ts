import assert from "node:assert/strict";
import { test } from "uvu";
import { TestClock } from "./clock_fixture.ts";
import { KeyedPools, measure, type Meter, Pool } from "./mod.ts";

/** Notes down what it is told, as OpenTelemetry's would report it. */
class Notes implements Meter {
  readonly told: string[] = [];
  readonly #asked = new Map<unknown, string>();

  createCounter(name: string) {
    return { add: (value: number) => void this.told.push(`${name} ${value}`) };
  }

  createHistogram(name: string, { unit }: { unit: string }) {
    return { record: (value: number) => void this.told.push(`${name} ${value} ${unit}`) };
  }

  createObservableUpDownCounter(name: string) {
    return {
      addCallback: (observe: unknown) => void this.#asked.set(observe, name),
      removeCallback: (observe: unknown) => void this.#asked.delete(observe),
    };
  }

  /** What is to be seen now. */
  look(): string[] {
    const seen: string[] = [];
    for (const [observe, name] of this.#asked) {
      (observe as (result: unknown) => void)({
        observe: (value: number, attributes: Record<string, string>) => {
          seen.push([name, value, ...Object.values(attributes)].join(" "));
        },
      });
    }
    return seen;
  }
}

test("figures have the names and units that OpenTelemetry gives them", async () => {
  const clock = new TestClock();
  const notes = new Notes();
  const pool = new Pool({ create: () => ({}), max: 2, clock, acquireTimeout: 1000 });
  const stop = measure(pool, notes, { name: "orders", prefix: "db" });
  const leases = [await pool.acquire(), await pool.acquire()];
  const late = assert.rejects(pool.acquire());
  const seen = [
    "db.count 0 orders idle",
    "db.count 2 orders used",
    "db.idle.min 0 orders",
    "db.max 2 orders",
    "db.pending_requests 1 orders",
  ];
  assert.deepEqual(notes.look(), seen);
  clock.advance(2000);
  await late;
  leases[0].release();
  const told = [
    "db.create_time 0 s",
    "db.wait_time 0 s",
    "db.create_time 0 s",
    "db.wait_time 0 s",
    "db.timeouts 1",
    "db.use_time 2 s",
  ];
  assert.deepEqual(notes.told, told);
  stop();
  leases[1].release();
  assert.deepEqual(notes.look(), []);
  assert.equal(notes.told.length, told.length);
});

test("pools by key are measured as one", async () => {
  const notes = new Notes();
  const pools = new KeyedPools({ keyOf: (key: string) => key, create: (key) => ({ key }) });
  measure(pools, notes, { name: "hosts" });
  await pools.acquire("a");
  await pools.acquire("b");
  assert.equal(notes.look()[1], "db.client.connection.count 2 hosts used");
});

test.run();

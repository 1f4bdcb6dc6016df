import type { PoolEvents } from "./events.ts";
import type { PoolStats } from "./stats.ts";

/** What a figure is about, as in OpenTelemetry. */
type Attributes = Record<string, string>;

interface Instrument {
  readonly description: string;
  readonly unit: string;
}

type Observe = (result: { observe(value: number, attributes?: Attributes): void }) => void;

/**
 * The part of OpenTelemetry's `Meter` that {@linkcode measure} needs.
 *
 * @example Usage
 * ```ts
 * import { type Meter } from "@posixly/pool";
 *
 * const silent: Meter = {
 *   createCounter: () => ({ add() {} }),
 *   createHistogram: () => ({ record() {} }),
 *   createObservableUpDownCounter: () => ({ addCallback() {}, removeCallback() {} }),
 * };
 * ```
 */
export interface Meter {
  /** Makes a sum that only grows. */
  createCounter(
    name: string,
    options: Instrument,
  ): { add(value: number, attributes?: Attributes): void };
  /** Makes a distribution. */
  createHistogram(
    name: string,
    options: Instrument,
  ): { record(value: number, attributes?: Attributes): void };
  /** Makes a figure that is asked for now and then. */
  createObservableUpDownCounter(
    name: string,
    options: Instrument,
  ): { addCallback(observe: Observe): void; removeCallback(observe: Observe): void };
}

/**
 * A pool, or pools by key: what {@linkcode measure} looks at.
 *
 * @example Usage
 * ```ts
 * import { type Measurable, Pool } from "@posixly/pool";
 *
 * const pool: Measurable = new Pool({ create: () => ({}) });
 * ```
 */
export interface Measurable {
  /** See {@linkcode Pool.stats}. */
  readonly stats: PoolStats;
  /** See {@linkcode Pool.on}. */
  on<Name extends "created" | "acquired" | "released" | "timedOut">(
    event: Name,
    listener: (event: PoolEvents<unknown>[Name]) => void,
  ): () => void;
}

/**
 * How to name what is measured.
 *
 * @example Usage
 * ```ts
 * import { type MeasureOptions } from "@posixly/pool";
 *
 * const options: MeasureOptions = { name: "orders", prefix: "shop.connection" };
 * ```
 */
export interface MeasureOptions {
  /** The name of the pool. */
  readonly name: string;
  /** What the names of all figures begin with; `db.client.connection` by default. */
  readonly prefix?: string;
}

/**
 * Reports the figures of a pool to OpenTelemetry, by the names of its semantic conventions for
 * pools of database connections: `.count` by state, `.idle.min`, `.max`, `.pending_requests`,
 * `.timeouts`, and in seconds `.create_time`, `.wait_time` and `.use_time`. The last two need the
 * clock at each acquire, which then costs some hundred nanoseconds.
 *
 * @param pool The pool, or pools by key
 * @param meter OpenTelemetry's, or anything of that shape
 * @param options How to name what is measured
 * @returns Stops reporting
 *
 * @example Usage
 * ```ts
 * import { measure, type Meter, Pool } from "@posixly/pool";
 * import assert from "node:assert/strict";
 *
 * const recorded: string[] = [];
 * const meter: Meter = {
 *   createCounter: () => ({ add() {} }),
 *   createHistogram: (name) => ({ record: () => recorded.push(name) }),
 *   createObservableUpDownCounter: () => ({ addCallback() {}, removeCallback() {} }),
 * };
 * const pool = new Pool({ create: () => ({}) });
 * const stop = measure(pool, meter, { name: "orders" });
 * (await pool.acquire()).release();
 * assert.ok(recorded.includes("db.client.connection.use_time"));
 * stop();
 * ```
 */
export function measure(pool: Measurable, meter: Meter, options: MeasureOptions): () => void {
  const { name, prefix = "db.client.connection" } = options;
  const attributes = { [`${prefix}.pool.name`]: name };
  const state = (state: string) => ({ ...attributes, [`${prefix}.state`]: state });

  const watch = (suffix: string, unit: string, description: string, observe: Observe) => {
    const options = { unit, description };
    const instrument = meter.createObservableUpDownCounter(`${prefix}.${suffix}`, options);
    instrument.addCallback(observe);
    return () => instrument.removeCallback(observe);
  };
  const seconds = (suffix: string, description: string) => {
    const histogram = meter.createHistogram(`${prefix}.${suffix}`, { unit: "s", description });
    return (milliseconds: number) => histogram.record(milliseconds / 1000, attributes);
  };
  const createTime = seconds("create_time", "How long creating a resource took");
  const waitTime = seconds("wait_time", "How long somebody waited for a resource");
  const useTime = seconds("use_time", "How long a resource was leased");
  const timeouts = meter.createCounter(`${prefix}.timeouts`, {
    unit: "{timeout}",
    description: "How many have waited in vain",
  });

  const stops = [
    watch("count", "{connection}", "How many resources there are", (result) => {
      result.observe(pool.stats.idle, state("idle"));
      result.observe(pool.stats.leased, state("used"));
    }),
    watch("idle.min", "{connection}", "How many there are at least", (result) => {
      result.observe(pool.stats.min, attributes);
    }),
    watch("max", "{connection}", "How many there may be", (result) => {
      result.observe(pool.stats.max, attributes);
    }),
    watch("pending_requests", "{request}", "How many wait", (result) => {
      result.observe(pool.stats.waiting, attributes);
    }),
    pool.on("created", ({ took }) => createTime(took)),
    pool.on("acquired", ({ waited }) => waitTime(waited)),
    pool.on("released", ({ held }) => useTime(held)),
    pool.on("timedOut", () => timeouts.add(1, attributes)),
  ];
  return () => stops.forEach((stop) => stop());
}

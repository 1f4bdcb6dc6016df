import { type Clock, systemClock } from "./clock.ts";
import type { Reason } from "./resource.ts";

/**
 * What {@linkcode PoolOptions.create} is told.
 *
 * @example Usage
 * ```ts
 * import { Pool } from "@posixly/pool";
 *
 * const pool = new Pool({ create: ({ signal }) => fetch("data:,Hello", { signal }) });
 * using response = await pool.acquire();
 * ```
 */
export interface CreateContext {
  /** Aborts when the resource is not wanted any more: it took too long, or the pool is closed. */
  readonly signal: AbortSignal;
}

/**
 * What a pool is made of. All times are in milliseconds; `Infinity` means never. What is due at
 * some time happens not before it, and up to a sixteenth later.
 *
 * @example Usage
 * ```ts
 * import { Pool, type PoolOptions } from "@posixly/pool";
 *
 * const options: PoolOptions<WebSocket> = {
 *   create: () => new WebSocket("ws://localhost:8080"),
 *   destroy: (socket) => socket.close(),
 *   validate: (socket) => socket.readyState <= WebSocket.OPEN,
 *   max: 4,
 *   idleTimeout: 60_000,
 * };
 * const pool = new Pool(options);
 * ```
 */
export interface PoolOptions<T> {
  /**
   * Makes a resource: another one each time. What it throws, or rejects with, is what whoever
   * waits for it gets.
   */
  create(context: CreateContext): T | PromiseLike<T>;
  /** Destroys a resource: each one once, and none that was taken out. By default it is forgotten. */
  destroy?(resource: T, reason: Reason): unknown;
  /**
   * Whether a resource that has rested can still be used. Asked before it is handed out, unless it
   * was used a short time ago, see `validateAfter`; and see `keepAlive`. What throws is not valid.
   */
  validate?(resource: T): boolean | PromiseLike<boolean>;
  /** Whether a resource that is given back can be used by others; asked unless it has to go anyway. */
  reusable?(resource: T): boolean;
  /** Called when a resource goes to rest, such as to watch it from then on. */
  onIdle?(resource: T): void;
  /** Called before a resource that has rested is validated or handed out. */
  onBusy?(resource: T): void;

  /** How many there are at least, once the first was asked for; 0 by default. */
  min?: number;
  /** How many there are at most, those included that are being created or destroyed; 10. */
  max?: number;
  /** How many may rest. With more, `surplus` says which is destroyed; by default any number. */
  maxIdle?: number;
  /** Which is destroyed when more rest than may: the one that was `"returned"`, or the `"oldest"`. */
  surplus?: "returned" | "oldest";
  /** How many may wait beyond those for whom a resource is on its way; any number. */
  maxWaiters?: number;
  /** How many may be created at the same time; any number. */
  maxCreating?: number;
  /** How many leases one resource carries at the same time, as an HTTP/2 connection does; 1. */
  leasesPerResource?: number;
  /**
   * Which is handed out: `"lifo"`, the one that has rested the least, so that others come to rest
   * for good; or `"fifo"`, the one that has rested the most, so that all are used alike.
   */
  reuse?: "lifo" | "fifo";

  /** After how long whoever waits is told that nothing came free; 30 s. */
  acquireTimeout?: number;
  /** After how long a resource that is being created is given up; 30 s. */
  createTimeout?: number;
  /** After how long a resource that is being validated is given up; 5 s. */
  validateTimeout?: number;
  /** After how long a resource that is being destroyed counts as gone; 5 s. */
  destroyTimeout?: number;

  /** How many failures to create a resource one who waits lives through; none. */
  createRetries?: number;
  /** How long nothing is created after a failure; twice that after the next, and so on; 100 ms. */
  backoff?: number;
  /** How long that is at most; 5 s. */
  maxBackoff?: number;

  /** After how long a resource that rests is destroyed, if there are more than `min`; 30 s. */
  idleTimeout?: number;
  /** How long a resource lives; when its time is over it is destroyed as soon as it rests. */
  maxLifetime?: number;
  /** By which share, at random, `maxLifetime` is cut and `backoff` stretched; 0.025. */
  jitter?: number;
  /** How many times a resource is leased; without end. */
  maxUses?: number;
  /** How long a resource must have rested to be validated before it is handed out; 500 ms. */
  validateAfter?: number;
  /** How often resources that rest are validated; never. */
  keepAlive?: number;

  /**
   * After how long a lease is reported as forgotten, with the stack of whoever acquired it. Keeping
   * stacks makes acquiring many times slower, so it is off by default.
   */
  leakAfter?: number;
  /** Where the time comes from, for tests. */
  clock?: Clock;
}

/**
 * How to wait for a resource.
 *
 * @example Usage
 * ```ts
 * import { type AcquireOptions, Pool } from "@posixly/pool";
 * import assert from "node:assert/strict";
 *
 * const urgent: AcquireOptions = { priority: 1, timeout: 1000 };
 * const pool = new Pool({ create: () => ({}) });
 * using lease = await pool.acquire(urgent);
 * assert.equal(lease.uses, 1);
 * ```
 */
export interface AcquireOptions {
  /** Ends the wait with its `reason`. */
  readonly signal?: AbortSignal;
  /** After how many milliseconds to give up, instead of `acquireTimeout`. */
  readonly timeout?: number;
  /**
   * Who has more is served first, however long others have waited; 0 by default. Among equals, who
   * came first.
   */
  readonly priority?: number;
}

/**
 * What can be changed while a pool is in use, see {@linkcode Pool.resize}.
 *
 * @example Usage
 * ```ts
 * import { Pool, type PoolSize } from "@posixly/pool";
 *
 * const large: PoolSize = { min: 10, max: 100 };
 * const pool = new Pool({ create: () => ({}) });
 * pool.resize(large);
 * ```
 */
export type PoolSize = Pick<PoolOptions<unknown>, "min" | "max" | "maxIdle">;

type Hooks = "destroy" | "validate" | "reusable" | "onIdle" | "onBusy";

/** Options with nothing left to be decided. */
export type Settings<T> =
  & Required<Omit<PoolOptions<T>, Hooks>>
  & { [Hook in Hooks]: PoolOptions<T>[Hook] };

const defaults = {
  destroy: undefined,
  validate: undefined,
  reusable: undefined,
  onIdle: undefined,
  onBusy: undefined,
  min: 0,
  max: 10,
  maxIdle: Infinity,
  surplus: "returned",
  maxWaiters: Infinity,
  maxCreating: Infinity,
  leasesPerResource: 1,
  reuse: "lifo",
  acquireTimeout: 30_000,
  createTimeout: 30_000,
  validateTimeout: 5_000,
  destroyTimeout: 5_000,
  createRetries: 0,
  backoff: 100,
  maxBackoff: 5_000,
  idleTimeout: 30_000,
  maxLifetime: Infinity,
  jitter: 0.025,
  maxUses: Infinity,
  validateAfter: 500,
  keepAlive: Infinity,
  leakAfter: Infinity,
  clock: systemClock,
} as const;

/** The least that each number may be; those with a fraction are times and shares. */
const counts = {
  min: 0,
  max: 1,
  maxIdle: 0,
  maxWaiters: 0,
  maxCreating: 1,
  leasesPerResource: 1,
  createRetries: 0,
  maxUses: 1,
} as const;

const amounts = {
  acquireTimeout: 0,
  createTimeout: 1,
  validateTimeout: 1,
  destroyTimeout: 1,
  backoff: 1,
  maxBackoff: 1,
  idleTimeout: 1,
  maxLifetime: 1,
  jitter: 0,
  validateAfter: 0,
  keepAlive: 1,
  leakAfter: 1,
} as const;

/** Checks what a pool is to be made of, and decides what was left open. */
export function settle<T>(options: PoolOptions<T>): Settings<T> {
  requireKnown(options, ["create", ...Object.keys(defaults)]);
  const settings = { ...defaults, ...withoutUndefined(options) } as Settings<T>;
  requireFunction(settings.create, "create");
  for (const hook of ["destroy", "validate", "reusable", "onIdle", "onBusy"] as const) {
    if (settings[hook] !== undefined) requireFunction(settings[hook], hook);
  }
  for (const [name, least] of Object.entries(counts)) {
    requireCount(settings[name as keyof typeof counts], name, least);
  }
  for (const [name, least] of Object.entries(amounts)) {
    requireAmount(settings[name as keyof typeof amounts], name, least);
  }
  if (settings.jitter > 1) throw new RangeError(`jitter must not be above 1: ${settings.jitter}`);
  if (settings.keepAlive < Infinity) requireFunction(settings.validate, "validate");
  requireOneOf(settings.reuse, "reuse", ["lifo", "fifo"]);
  requireOneOf(settings.surplus, "surplus", ["returned", "oldest"]);
  for (const name of ["now", "setTimeout", "clearTimeout"] as const) {
    requireFunction(settings.clock?.[name], `clock.${name}`);
  }
  requireOrder(settings);
  return settings;
}

/** Checks a new size, and fills in what stays. */
export function settleSize(size: PoolSize, present: Required<PoolSize>): Required<PoolSize> {
  requireKnown(size, ["min", "max", "maxIdle"]);
  const settled = { ...present, ...withoutUndefined(size) };
  for (const name of ["min", "max", "maxIdle"] as const) {
    requireCount(settled[name], name, counts[name]);
  }
  requireOrder(settled);
  return settled;
}

/** Checks how to wait. */
export function requireAcquireOptions(options: AcquireOptions): void {
  requireKnown(options, ["signal", "timeout", "priority"]);
  const { signal, timeout, priority } = options;
  if (signal !== undefined) requireSignal(signal);
  if (timeout !== undefined) requireAmount(timeout, "timeout", 0);
  if (priority !== undefined && !Number.isInteger(priority)) {
    throw new TypeError(`priority must be a whole number, not ${String(priority)}`);
  }
}

/** One that cannot be listened to would be found out when somebody stands in the line already. */
function requireSignal(signal: AbortSignal): void {
  const isSignal = (["addEventListener", "removeEventListener", "throwIfAborted"] as const)
    .every((name) => typeof signal?.[name] === "function");
  if (!isSignal) throw new TypeError(`signal must be an AbortSignal, not ${String(signal)}`);
}

/** Checks a time, or another amount that need not be whole. */
export function requireAmount(value: number, name: string, least: number): void {
  if (typeof value === "number" && value >= least) return;
  const message = `${name} must be a number from ${least} on, not ${String(value)}`;
  throw typeof value === "number" ? new RangeError(message) : new TypeError(message);
}

export function requireFunction(value: unknown, name: string): void {
  if (typeof value === "function") return;
  throw new TypeError(`${name} must be a function, not ${String(value)}`);
}

export function requireCount(value: number, name: string, least: number): void {
  if ((Number.isInteger(value) || value === Infinity) && value >= least) return;
  const message = `${name} must be a whole number from ${least} on, not ${String(value)}`;
  throw typeof value === "number" ? new RangeError(message) : new TypeError(message);
}

/** What has to be there must be allowed to be, or it would be created and destroyed without end. */
function requireOrder({ min, max, maxIdle }: Required<PoolSize>): void {
  if (min === Infinity) throw new RangeError("min must be finite");
  if (min > max) throw new RangeError(`min must not be above max, which is ${max}, not ${min}`);
  if (min <= maxIdle) return;
  throw new RangeError(`min must not be above maxIdle, which is ${maxIdle}, not ${min}`);
}

/** Checks a name, of which there are only some. */
export function requireOneOf(value: string, name: string, names: readonly string[]): void {
  if (names.includes(value)) return;
  throw new TypeError(`${name} must be one of ${names.join(", ")}, not ${String(value)}`);
}

/** A misspelt option would be ignored without a word. */
export function requireKnown(options: object, names: readonly string[]): void {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`options must be an object, not ${String(options)}`);
  }
  const unknown = Object.keys(options).find((name) => !names.includes(name));
  if (unknown !== undefined) throw new TypeError(`There is no option ${unknown}`);
}

function withoutUndefined<O extends object>(options: O): Partial<O> {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as Partial<O>;
}

import { ok, oneOf, requireInteger, requireInteger64, requireKnown } from "@posixly/sys";
import { libc, rlimit } from "./libc.ts";
import { type Resource, resources } from "./resource.ts";

/** `RLIM_INFINITY`. */
const INFINITE = 2n ** 64n - 1n;

/**
 * How much of a resource: a bigint beyond 2 ** 53 - 1.
 *
 * @example Usage
 * ```ts
 * import { type Amount, limit } from "@posixly/fd";
 *
 * const size: Amount = limit("coreSize").hard;
 * console.log(size === "unlimited" ? "any core dump" : `core dumps up to ${size} bytes`);
 * ```
 */
export type Amount = number | bigint | "unlimited";

/**
 * The two halves of a limit.
 *
 * @example Usage
 * ```ts
 * import { type Limit, limit } from "@posixly/fd";
 *
 * const { soft, hard }: Limit = limit("openFiles");
 * console.log(`${soft} descriptors, which may be raised to ${hard}`);
 * ```
 */
export interface Limit {
  /** What the kernel enforces. */
  readonly soft: Amount;
  /** How far the soft one may be raised. Only `CAP_SYS_RESOURCE` raises this one itself. */
  readonly hard: Amount;
}

/**
 * Whose limit.
 *
 * @example Usage
 * ```ts
 * import { limit, type LimitOptions } from "@posixly/fd";
 * import process from "node:process";
 *
 * const self: LimitOptions = { pid: process.pid };
 * console.log(limit("openFiles", self));
 * ```
 */
export interface LimitOptions {
  /** The number of a process; by default this one. */
  readonly pid?: number;
}

/**
 * How much of a resource a process may use, prlimit(2).
 *
 * @param resource What
 * @param options Whose, by default our own
 * @returns The soft limit and the hard one
 * @throws {SyscallError} `ESRCH` if there is no such process, `EPERM` if it is somebody else's
 * @throws {TypeError | RangeError} If there is no such resource, or `pid` is no process's number
 *
 * @example Usage
 * ```ts
 * import { limit } from "@posixly/fd";
 * import assert from "node:assert/strict";
 *
 * const { soft, hard } = limit("openFiles");
 * assert.ok(soft !== "unlimited" && soft > 2);
 * assert.ok(hard === "unlimited" || hard >= soft);
 * ```
 */
export function limit(resource: Resource, options: LimitOptions = {}): Limit {
  return prlimit(resource, options, null);
}

/**
 * Sets how much of a resource a process may use, prlimit(2).
 *
 * @param resource What
 * @param change The new limits; a half that is left out stays as it is
 * @param options Whose, by default our own
 * @returns The limits until now
 * @throws {SyscallError} `EPERM` if the hard limit would be raised without `CAP_SYS_RESOURCE`, or
 * the process is somebody else's, `ESRCH` if there is no such process
 * @throws {TypeError | RangeError} If there is no such resource, an amount is none, or the soft
 * limit would exceed the hard one
 *
 * @example Usage
 * ```ts
 * import { limit, setLimit } from "@posixly/fd";
 * import assert from "node:assert/strict";
 *
 * const before = setLimit("coreSize", { soft: 0 }); // no core dumps
 * assert.equal(limit("coreSize").soft, 0);
 * setLimit("coreSize", before);
 * ```
 */
export function setLimit(
  resource: Resource,
  change: Partial<Limit>,
  options: LimitOptions = {},
): Limit {
  const now = limit(resource, options);
  requireKnown(change, ["soft", "hard"]);
  const { soft = now.soft, hard = now.hard } = change;
  const rlim_cur = toKernel(soft, "soft");
  const rlim_max = toKernel(hard, "hard");
  if (rlim_cur > rlim_max) throw new RangeError(`soft must be at most ${hard}, not ${soft}`);
  return prlimit(resource, options, rlimit.encode({ rlim_cur, rlim_max }));
}

/**
 * Raises a soft limit to the hard one, which everyone may do.
 *
 * @param resource What
 * @param options Whose, by default our own
 * @returns The soft limit from now on
 * @throws {SyscallError} `ESRCH` if there is no such process, `EPERM` if it is somebody else's
 * @throws {TypeError | RangeError} If there is no such resource, or `pid` is no process's number
 *
 * @example As many descriptors as are allowed
 * ```ts
 * import { limit, raiseLimit } from "@posixly/fd";
 * import assert from "node:assert/strict";
 *
 * assert.equal(raiseLimit("openFiles"), limit("openFiles").hard);
 * ```
 */
export function raiseLimit(resource: Resource, options: LimitOptions = {}): Amount {
  const { hard } = limit(resource, options);
  setLimit(resource, { soft: hard }, options);
  return hard;
}

function prlimit(resource: Resource, options: LimitOptions, limits: Uint8Array | null): Limit {
  requireKnown(options, ["pid"]);
  const { pid } = options;
  const number = oneOf(resources, resource, "resource");
  const process = pid === undefined ? 0 : requireInteger(pid, "pid", 1);
  const before = new Uint8Array(rlimit.size);
  ok(libc.prlimit(process, number, limits, before), "prlimit", {
    address: pid === undefined ? undefined : `process ${pid}`,
  });
  const { rlim_cur, rlim_max } = rlimit.decode(before);
  return { soft: fromKernel(rlim_cur), hard: fromKernel(rlim_max) };
}

function toKernel(amount: Amount, name: string): number | bigint {
  if (amount === "unlimited") return INFINITE;
  return requireInteger64(amount, name, 0n, INFINITE - 1n);
}

function fromKernel(amount: number | bigint): Amount {
  return amount === INFINITE ? "unlimited" : amount;
}

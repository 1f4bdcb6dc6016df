import { randomBytes } from "node:crypto";
import type { PortRange } from "@posixly/socket";
import { requireBytes, requireInteger, requireKnown, requireName } from "@posixly/sys";
import { type Random, secretRandom } from "./random.ts";
import { type Flow, strategies, type Strategy } from "./strategy.ts";

/**
 * What ports to choose from, and how, see {@linkcode portAllocator}.
 *
 * @example Usage
 * ```ts
 * import { type AllocatorOptions, portAllocator } from "@posixly/ports";
 * import assert from "node:assert/strict";
 *
 * const options: AllocatorOptions = { range: { first: 50_000, last: 50_003 }, exclude: [50_001] };
 * const allocator = portAllocator("sequential", options);
 * const flow = { localAddress: "192.0.2.1", remoteAddress: "198.51.100.7", remotePort: 443 };
 * const ports = [1, 2, 3].map(() => allocator.allocate(flow, () => true)?.port);
 * assert.deepEqual(ports, [50_000, 50_002, 50_003]);
 * ```
 */
export interface AllocatorOptions {
  /** The first port and the last. */
  readonly range: PortRange;
  /** Ports of the range that are never chosen. */
  readonly exclude?: Iterable<number>;
  /**
   * What `hash` and `doubleHash` start from: the same secret gives the same ports. By default 32
   * random bytes. It has to stay secret, or else ports can be foretold.
   */
  readonly secret?: Uint8Array;
  /** Draws a number below a bound; by default from the system's source of secrets. */
  readonly random?: Random;
  /** How many counters `doubleHash` has, from 1 to 65536; by default 256, as Linux at the least. */
  readonly counters?: number;
  /** The longest step of `randomIncrements`, from 1 to 65535; by default 500, as RFC 6056 says. */
  readonly longestStep?: number;
}

/**
 * A port that was found, see {@linkcode PortAllocator}.
 *
 * @example Usage
 * ```ts
 * import { type Allocation, portAllocator } from "@posixly/ports";
 * import assert from "node:assert/strict";
 *
 * const allocator = portAllocator("sequential", { range: { first: 40_000, last: 40_009 } });
 * const flow = { localAddress: "192.0.2.1", remoteAddress: "198.51.100.7", remotePort: 443 };
 * const found: Allocation | null = allocator.allocate(flow, (port) => port > 40_004);
 * assert.deepEqual(found, { port: 40_005, looked: 6 });
 * ```
 */
export interface Allocation {
  /** The port. */
  readonly port: number;
  /** At how many ports was looked, this one included. */
  readonly looked: number;
}

/**
 * Chooses ports, see {@linkcode portAllocator}.
 *
 * @example Usage
 * ```ts
 * import { type PortAllocator, portAllocator } from "@posixly/ports";
 * import assert from "node:assert/strict";
 *
 * const allocator: PortAllocator = portAllocator("randomWalk", {
 *   range: { first: 40_000, last: 40_009 },
 * });
 * const flow = { localAddress: "192.0.2.1", remoteAddress: "198.51.100.7", remotePort: 443 };
 * assert.equal(allocator.allocate(flow, () => false), null);
 * ```
 */
export interface PortAllocator {
  /** How it chooses. */
  readonly strategy: Strategy;
  /**
   * Finds a port for a connection. As long as one is free, it is found.
   *
   * @param flow Where the connection goes from and to
   * @param isFree Whether a port can be had for it
   * @returns The port, or null if none is free
   */
  allocate(flow: Flow, isFree: (port: number) => boolean): Allocation | null;
}

/**
 * Makes what chooses ephemeral ports as a kernel does, by one of the strategies of RFC 6056: for a
 * stack of one's own, a proxy that binds by itself, or to find out how they behave.
 *
 * @param strategy How ports are chosen
 * @param options Of which ports
 * @returns What chooses
 * @throws {TypeError | RangeError} If there is no such strategy, or an option is none
 *
 * @example Usage
 * ```ts
 * import { portAllocator } from "@posixly/ports";
 * import assert from "node:assert/strict";
 *
 * const taken = new Set<number>();
 * const allocator = portAllocator("doubleHash", { range: { first: 32_768, last: 60_999 } });
 * const flow = { localAddress: "192.0.2.1", remoteAddress: "198.51.100.7", remotePort: 443 };
 * for (let i = 0; i < 1000; i++) taken.add(allocator.allocate(flow, (p) => !taken.has(p))!.port);
 * assert.equal(taken.size, 1000);
 * ```
 */
export function portAllocator(strategy: Strategy, options: AllocatorOptions): PortAllocator {
  requireName(Object.keys(strategies) as Strategy[], strategy, "strategy");
  const { first, size, excluded, ...rest } = check(options);
  const begin = strategies[strategy]({ size, ...rest });

  function allocate(flow: Flow, isFree: (port: number) => boolean): Allocation | null {
    const next = begin(flow);
    let offset = 0;
    // The same ports may be drawn again and again; after as many tries as there are ports, one
    // after the other is looked at.
    for (let looked = 1; looked <= 2 * size; looked++) {
      offset = looked <= size ? next() : (offset + 1) % size;
      const port = first + offset;
      if (!excluded.has(port) && isFree(port)) return { port, looked };
    }
    return null;
  }

  return { strategy, allocate };
}

function check(options: AllocatorOptions) {
  requireKnown(options, ["range", "exclude", "secret", "random", "counters", "longestStep"]);
  const { range, exclude = [], secret, random = secretRandom, counters = 256, longestStep = 500 } =
    options;
  requireKnown(range, ["first", "last"]);
  const first = requireInteger(range.first, "range.first", 1, 65_535);
  const last = requireInteger(range.last, "range.last", first, 65_535);
  if (typeof random !== "function") throw new TypeError("random must be a function");
  return {
    first,
    size: last - first + 1,
    excluded: new Set([...exclude].map((port) => requireInteger(port, "exclude", 0, 65_535))),
    // A copy, so that nobody changes it under our hands.
    secret: secret ? new Uint8Array(requireBytes(secret, "secret")) : randomBytes(32),
    random,
    counters: requireInteger(counters, "counters", 1, 65_536),
    longestStep: requireInteger(longestStep, "longestStep", 1, 65_535),
  };
}

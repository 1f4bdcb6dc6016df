// How a port is chosen: where a search begins, and where it goes on after a port that is taken.
import { createHmac } from "node:crypto";
import type { Random } from "./random.ts";

/**
 * A way to choose ephemeral ports, as RFC 6056 has them.
 *
 * - `sequential`: the next one after the last; whoever sees one knows the next
 * - `simpleRandom`: any, and from a taken one upwards (algorithm 1)
 * - `randomWalk`: any, and after a taken one any other (algorithm 2)
 * - `hash`: sequential for all, from a secret start for each destination (algorithm 3)
 * - `doubleHash`: the same, with a counter for some destinations each (algorithm 4); Linux chooses
 *   like this when it connects
 * - `randomIncrements`: upwards by random steps, for all (algorithm 5)
 *
 * @example Usage
 * ```ts
 * import { portAllocator, type Strategy } from "@posixly/ports";
 * import assert from "node:assert/strict";
 *
 * const strategy: Strategy = "sequential";
 * const range = { first: 40_000, last: 40_009 };
 * const flow = { localAddress: "192.0.2.1", remoteAddress: "198.51.100.7", remotePort: 443 };
 * const allocator = portAllocator(strategy, { range });
 * assert.equal(allocator.allocate(flow, () => true)?.port, 40_000);
 * assert.equal(allocator.allocate(flow, () => true)?.port, 40_001);
 * ```
 */
export type Strategy =
  | "sequential"
  | "simpleRandom"
  | "randomWalk"
  | "hash"
  | "doubleHash"
  | "randomIncrements";

/**
 * Where a connection goes from and to, all but the port that is looked for.
 *
 * @example Usage
 * ```ts
 * import { type Flow, portAllocator } from "@posixly/ports";
 * import assert from "node:assert/strict";
 *
 * const flow: Flow = { localAddress: "::1", remoteAddress: "::1", remotePort: 5432 };
 * const allocator = portAllocator("doubleHash", { range: { first: 40_000, last: 49_999 } });
 * const [one, next] = [1, 2].map(() => allocator.allocate(flow, () => true)!.port);
 * assert.equal((next - one + 10_000) % 10_000, 1);
 * ```
 */
export interface Flow {
  /** The address that it leaves from. */
  readonly localAddress: string;
  /** The address that it goes to. */
  readonly remoteAddress: string;
  /** The port that it goes to. */
  readonly remotePort: number;
}

/** What a strategy is made of. */
export interface Ingredients {
  /** How many ports there are. */
  readonly size: number;
  readonly random: Random;
  readonly secret: Uint8Array;
  /** How many counters `doubleHash` has. */
  readonly counters: number;
  /** The longest step of `randomIncrements`. */
  readonly longestStep: number;
}

/** Begins a search for a flow: what it returns tells, call by call, which port to look at, from 0. */
export type Begin = (flow: Flow) => () => number;

/** The strategies. Those that draw may look at a port twice, and then not at another. */
export const strategies: Readonly<Record<Strategy, (ingredients: Ingredients) => Begin>> = {
  sequential({ size }) {
    let counter = 0;
    return () => () => counter++ % size;
  },

  simpleRandom({ size, random }) {
    return () => {
      let next = random(size);
      return () => next++ % size;
    };
  },

  randomWalk({ size, random }) {
    return () => () => random(size);
  },

  hash({ size, secret }) {
    let counter = 0;
    return (flow) => {
      const { start } = hashOf(secret, flow);
      return () => (start + counter++) % size;
    };
  },

  doubleHash({ size, secret, counters }) {
    const table = new Float64Array(counters);
    return (flow) => {
      const { start, other } = hashOf(secret, flow);
      const index = other % counters;
      return () => (start + table[index]++) % size;
    };
  },

  randomIncrements({ size, random, longestStep }) {
    let last = random(size);
    return () => () => last = (last + 1 + random(longestStep)) % size;
  },
};

/** Two numbers of a flow that nobody can tell who has not the secret. */
function hashOf(secret: Uint8Array, flow: Flow): { start: number; other: number } {
  const digest = createHmac("sha256", secret)
    .update(JSON.stringify([flow.localAddress, flow.remoteAddress, flow.remotePort])).digest();
  return { start: digest.readUInt32LE(0), other: digest.readUInt32LE(4) };
}

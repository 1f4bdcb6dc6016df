import type { PortRange } from "@posixly/socket";
import { requireKnown } from "@posixly/sys";
import type { Strategy } from "./strategy.ts";

/**
 * Ports as they were chosen, one after the other, see {@linkcode classify}.
 *
 * @example Usage
 * ```ts
 * import { classify, type ChosenPort } from "@posixly/ports";
 * import assert from "node:assert/strict";
 *
 * const free: ChosenPort[] = [0, 1, 2, 3, 4, 5, 6, 7].map((i) => ({
 *   destination: i < 4 ? "one" : "other",
 *   port: 40_000 + i,
 * }));
 * const range = { first: 32_768, last: 60_999 };
 * assert.equal(classify({ range, free }).strategy, "sequential");
 * ```
 */
export interface ChosenPort {
  /** For which destination; any name will do, as long as each has its own. */
  readonly destination: string;
  /** Which port. */
  readonly port: number;
}

/**
 * What was seen of a way to choose ports, see {@linkcode classify}.
 *
 * @example Usage
 * ```ts
 * import { classify, type Observations } from "@posixly/ports";
 * import assert from "node:assert/strict";
 *
 * const seen: Observations = { range: { first: 1, last: 9 }, free: [] };
 * assert.equal(classify(seen).strategy, null);
 * ```
 */
export interface Observations {
  /** The ports that there are to choose from. */
  readonly range: PortRange;
  /**
   * Ports chosen while nearly all were free, in their order: several in a row for one destination,
   * then for another, then for the first again. A wait in between does not matter.
   */
  readonly free: readonly ChosenPort[];
  /**
   * How often one of the two ports just above a block of taken ones was chosen, and how often any,
   * where the block was half of a range of some dozens: tells `simpleRandom` from `randomWalk`.
   */
  readonly aboveBlock?: { readonly chosen: number; readonly of: number };
}

/**
 * What a way to choose ports looks like, see {@linkcode classify}.
 *
 * @example Usage
 * ```ts
 * import { classify, type Classified } from "@posixly/ports";
 * import assert from "node:assert/strict";
 *
 * const free = [0, 2, 4, 6, 8].map((i) => ({ destination: "one", port: 40_000 + i }));
 * const { step }: Classified = classify({ range: { first: 32_768, last: 60_999 }, free });
 * assert.equal(step, 2);
 * ```
 */
export interface Classified {
  /** The strategy that does such things, or null if none does or too little was seen. */
  readonly strategy: Strategy | null;
  /** What all distances are multiples of: 2 where only every second port is looked at. */
  readonly step: number;
  /** The distances between ports of the same destination, one after the other, from 0 upwards. */
  readonly distances: readonly number[];
}

/**
 * Tells by which strategy ports were chosen, from the ports alone.
 *
 * @param observations What was seen
 * @returns What it looks like
 * @throws {TypeError} If an option is misspelt
 *
 * @example Usage
 * ```ts
 * import { classify, portAllocator } from "@posixly/ports";
 * import assert from "node:assert/strict";
 *
 * const range = { first: 32_768, last: 60_999 };
 * const allocator = portAllocator("doubleHash", { range });
 * const free = Array.from({ length: 64 }, (_, i) => {
 *   const remoteAddress = (i >> 3) % 2 === 0 ? "198.51.100.7" : "198.51.100.8";
 *   const flow = { localAddress: "192.0.2.1", remoteAddress, remotePort: 443 };
 *   return { destination: remoteAddress, port: allocator.allocate(flow, () => true)!.port };
 * });
 * assert.equal(classify({ range, free }).strategy, "doubleHash");
 * ```
 */
export function classify(observations: Observations): Classified {
  requireKnown(observations, ["range", "free", "aboveBlock"]);
  const { range, free, aboveBlock } = observations;
  const size = range.last - range.first + 1;
  const distances = (pairs: readonly Pair[]) =>
    pairs.map(([one, next]) => (next.port - one.port + size) % size);

  const neighbours = free.slice(1).map((port, i): Pair => [free[i], port]);
  const within = distances(neighbours.filter(isOfOne));
  const between = distances(neighbours.filter((pair) => !isOfOne(pair)));
  const across = distances(returns(free));

  return { strategy: strategyOf(), step: within.reduce(commonDivisor, 0), distances: within };

  function strategyOf(): Strategy | null {
    if (within.length < 4) return null;
    const usual = median(within);
    if (usual > size / 16) {
      if (aboveBlock === undefined) return null;
      return aboveBlock.chosen * 4 > aboveBlock.of ? "simpleRandom" : "randomWalk";
    }
    // Those that hash go on from far away as soon as it is for another destination.
    const isOneForAll = between.length === 0 || median(between) <= Math.max(32, 4 * usual);
    if (isOneForAll) return usual > 32 ? "randomIncrements" : "sequential";
    // With one counter for all, what was chosen for others meanwhile is part of the distance: as many
    // steps as there are ports in the blocks between. One step alone may be some times the usual one.
    return median(across) > 4 * usual ? "hash" : "doubleHash";
  }
}

type Pair = readonly [ChosenPort, ChosenPort];

function isOfOne([one, next]: Pair): boolean {
  return one.destination === next.destination;
}

/** The ports with which a destination has its turn again, each with its last one before that. */
function returns(chosen: readonly ChosenPort[]): Pair[] {
  const lasts = new Map<string, ChosenPort>();
  const pairs: Pair[] = [];
  chosen.forEach((port, i) => {
    const last = lasts.get(port.destination);
    if (last !== undefined && last !== chosen[i - 1]) pairs.push([last, port]);
    lasts.set(port.destination, port);
  });
  return pairs;
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1];
}

function commonDivisor(a: number, b: number): number {
  return b === 0 ? a : commonDivisor(b, a % b);
}

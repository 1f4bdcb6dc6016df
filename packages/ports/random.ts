import { getRandomValues } from "node:crypto";
import { requireInteger } from "@posixly/sys";

/**
 * Draws a whole number from 0 up to, and without, a bound.
 *
 * @example Usage
 * ```ts
 * import { portAllocator, type Random } from "@posixly/ports";
 * import assert from "node:assert/strict";
 *
 * const highest: Random = (bound) => bound - 1;
 * const allocator = portAllocator("simpleRandom", {
 *   range: { first: 40_000, last: 40_009 },
 *   random: highest,
 * });
 * const flow = { localAddress: "192.0.2.1", remoteAddress: "198.51.100.7", remotePort: 443 };
 * assert.equal(allocator.allocate(flow, () => true)?.port, 40_009);
 * ```
 */
export type Random = (bound: number) => number;

const drawn = new Uint32Array(64);
let used = drawn.length;

/** Draws from what the system has for secrets, every number alike. */
export function secretRandom(bound: number): number {
  // Numbers above the last whole multiple of the bound would make the first ones likelier.
  const limit = 2 ** 32 - 2 ** 32 % bound;
  for (;;) {
    if (used === drawn.length) {
      getRandomValues(drawn);
      used = 0;
    }
    const number = drawn[used++];
    if (number < limit) return number % bound;
  }
}

/**
 * Draws the same numbers for the same seed: for a simulation that can be repeated, never for what
 * must not be guessed.
 *
 * @param seed Which numbers, from 0 to 0xffffffff
 * @returns What draws them
 * @throws {TypeError | RangeError} If the seed is no such number
 *
 * @example Usage
 * ```ts
 * import { seededRandom } from "@posixly/ports";
 * import assert from "node:assert/strict";
 *
 * const [one, same] = [seededRandom(1), seededRandom(1)];
 * assert.deepEqual([one(1000), one(1000)], [same(1000), same(1000)]);
 * ```
 */
export function seededRandom(seed: number): Random {
  // splitmix32: every seed has all its numbers, and neighbours have nothing in common.
  let state = requireInteger(seed, "seed", 0, 0xffff_ffff);
  return (bound) => {
    state = (state + 0x9e37_79b9) | 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0_aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a_2d97);
    return Math.floor(((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32 * bound);
  };
}

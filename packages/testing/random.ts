/**
 * Draws whole numbers that look random and are the same for the same seed, in every runtime: Marsaglia's
 * xorshift. For what has to be fast; properties have fast-check's.
 *
 * @param seed Where it begins, a whole number
 * @returns Draws a number from 0 up to, and without, the one that it is given; of 0, that is 0
 *
 * @example Usage
 * ```ts
 * import { randomFrom } from "@posixly/testing";
 * import assert from "node:assert/strict";
 *
 * const [one, same] = [randomFrom(7), randomFrom(7)];
 * for (let i = 0; i < 100; i++) {
 *   const number = one(6);
 *   assert.ok(number >= 0 && number < 6);
 *   assert.equal(same(6), number);
 * }
 * ```
 */
export function randomFrom(seed: number): (below: number) => number {
  let state = seed >>> 0 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return Math.floor((state >>> 0) / 2 ** 32 * below);
  };
}

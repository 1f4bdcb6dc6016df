/** How long what is taken out or written twice is at the most. */
const LONGEST = 20;

/**
 * Text for whoever parses it, made of a good one: something is put in, taken out, written twice or over,
 * or the end is that of another.
 *
 * @param parents Good ones; one that is there several times is taken more often
 * @param pieces What is put in
 * @param random Draws a number below a bound, as that of `randomFrom`
 * @param changes How many changes are made
 * @returns The text, which may be good by chance
 *
 * @example Usage
 * ```ts
 * import { mutantOf, randomFrom } from "@posixly/testing";
 * import assert from "node:assert/strict";
 *
 * const random = randomFrom(1);
 * assert.equal(mutantOf(["a=1"], [], random, 0), "a=1");
 * const mutants = Array.from({ length: 50 }, () => mutantOf(["a=1", "b"], ["="], random, 2));
 * assert.ok(mutants.some((text) => text.includes("==")));
 * ```
 */
export function mutantOf(
  parents: readonly string[],
  pieces: readonly string[],
  random: (below: number) => number,
  changes: number,
): string {
  let text = parents[random(parents.length)];
  for (; changes > 0; changes--) {
    const at = random(text.length + 1);
    const end = at + random(LONGEST);
    switch (random(5)) {
      case 0:
        text = text.slice(0, at) + String.fromCharCode(random(256)) + text.slice(at + 1);
        break;
      case 1:
        text = text.slice(0, at) + pieces[random(pieces.length)] + text.slice(at);
        break;
      case 2:
        text = text.slice(0, at) + text.slice(end);
        break;
      case 3:
        text = text.slice(0, end) + text.slice(at);
        break;
      case 4: {
        const other = parents[random(parents.length)];
        text = text.slice(0, at) + other.slice(random(other.length));
      }
    }
  }
  return text;
}

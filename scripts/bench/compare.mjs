// Lets the sides of a comparison take turns, so that what disturbs the machine disturbs all alike.
import { Side } from "./side.mjs";

/**
 * What each side costs, by its key: the median of several sittings, in each of which every side
 * is a new process. Where code and data happen to lie in memory is good for 5% either way,
 * and a process keeps its luck for as long as it runs.
 *
 * @param commands What to spawn for each side, by its key
 * @param plan How many sittings, of how many rounds, of how many milliseconds
 * @param clock Of which time: `cpu` or `wall`
 */
export async function compare(commands, { sittings, rounds, milliseconds }, clock) {
  const costs = new Map([...commands.keys()].map((key) => [key, []]));
  for (let sitting = 0; sitting < sittings; sitting++) {
    for (const [key, cost] of await sit(commands, rounds, milliseconds, clock)) {
      costs.get(key).push(cost);
    }
  }
  return new Map([...costs].map(([key, all]) => [key, medians(all)]));
}

async function sit(commands, rounds, milliseconds, clock) {
  const sides = [...commands].map(([key, command]) => ({ key, side: new Side(command), took: [] }));
  try {
    for (const { side } of sides) await side.calibrate(milliseconds, clock);
    for (let round = 0; round < rounds; round++) {
      // Every other round backwards, so that nobody always follows the same one.
      for (const { side, took } of round % 2 ? sides.toReversed() : sides) {
        took.push(await side.work());
      }
    }
    return sides.map(({ key, took }) => [key, medians(took)]);
  } finally {
    for (const { side } of sides) side.end();
  }
}

function medians(costs) {
  return { cpu: median(costs.map(({ cpu }) => cpu)), wall: median(costs.map(({ wall }) => wall)) };
}

function median(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

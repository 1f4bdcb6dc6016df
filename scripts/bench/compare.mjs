// Lets the sides of a comparison take turns, so that what disturbs the machine disturbs all alike.
import { Side } from "./side.mjs";

/**
 * What each side costs, by its key: the medians of several sittings, in each of which every side
 * is a new process, and all `rounds` in order. Where code and data happen to lie in memory is good
 * for 5% either way, and a process keeps its luck for as long as it runs.
 *
 * @param commands What to spawn for each side, by its key
 * @param plan How many sittings, of how many rounds, of how many milliseconds; for how many
 *   milliseconds each side warms up before; and how many seconds it may take altogether
 * @param clock Of which time: `cpu` or `wall`
 */
export async function compare(commands, { sittings, limitSeconds, ...plan }, clock) {
  const costs = new Map([...commands.keys()].map((key) => [key, []]));
  const { signal, cancel } = limit(limitSeconds);
  try {
    for (let sitting = 0; sitting < sittings; sitting++) {
      for (const [key, rounds] of await sit(commands, plan, clock, signal)) {
        costs.get(key).push(rounds);
      }
    }
  } catch (error) {
    if (signal.aborted) throw new Error(`took longer than ${limitSeconds} seconds`);
    throw error;
  } finally {
    cancel();
  }
  return new Map(
    [...costs].map(([key, all]) => [key, { ...medians(all.map(medians)), rounds: all.flat() }]),
  );
}

function limit(seconds) {
  const controller = new AbortController();
  if (seconds === Infinity) return { signal: controller.signal, cancel() {} };
  const timer = setTimeout(() => controller.abort(), seconds * 1000);
  return { signal: controller.signal, cancel: () => clearTimeout(timer) };
}

async function sit(commands, { warmUp, rounds, milliseconds }, clock, signal) {
  const sides = [...commands].map(([key, command]) => ({ key, side: new Side(command), took: [] }));
  const stop = () => sides.forEach(({ side }) => side.stop());
  signal.addEventListener("abort", stop);
  try {
    for (const { side } of sides) {
      await side.calibrate(milliseconds, clock);
      await side.warmUp(warmUp);
    }
    for (let round = 0; round < rounds; round++) {
      // Every other round backwards, so that nobody always follows the same one.
      for (const { side, took } of round % 2 ? sides.toReversed() : sides) {
        took.push(await side.work());
      }
    }
    return sides.map(({ key, took }) => [key, took]);
  } finally {
    signal.removeEventListener("abort", stop);
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

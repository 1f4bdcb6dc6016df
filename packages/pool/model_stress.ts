/**
 * Proves at length what the tests show in short: ten thousand random lives of a pool, in each of which
 * resources are created, checked and destroyed in any order, fail, hang, or come too late, while
 * others acquire, give up, resize and close. Nothing is lost, and nobody is forgotten.
 *
 * Run by `npm run stress`, in every runtime; a number as an argument is the seed.
 */
import process from "node:process";
import fc from "fast-check";
import { anyRun, steps, stepsAndClose } from "./model_fixture.ts";

const seed = process.argv[2] === undefined ? undefined : Number(process.argv[2]);
for (const commands of [steps, stepsAndClose]) {
  await fc.assert(anyRun(commands), { numRuns: 5000, seed, includeErrorInReport: true });
}
console.log("ten thousand lives, and nothing was lost");

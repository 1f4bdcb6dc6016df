import fc from "fast-check";
import { test } from "uvu";
import { anyRun, steps, stepsAndClose } from "./model_fixture.ts";

test("however it goes, nothing is lost, handed out twice or left over, and nobody is forgotten", async () => {
  await fc.assert(anyRun(steps), { numRuns: 1000, includeErrorInReport: true });
});

test("nor if it is closed meanwhile, by force or not", async () => {
  await fc.assert(anyRun(stepsAndClose), { numRuns: 500, includeErrorInReport: true });
});

test.run();

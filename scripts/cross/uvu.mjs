// What a test file that is emulated gets as uvu: the same, but for tests that the emulator cannot
// run. Those are skipped, and fast-check tries fewer examples, since each takes ten times as long.
import { createRequire } from "node:module";
import { join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { root } from "../files.mjs";

const RUNS = 10;

const require = createRequire(join(root, "package.json"));
const real = await import("uvu");
const fastCheck = await import(pathToFileURL(require.resolve("fast-check")));
(fastCheck.default ?? fastCheck).configureGlobal({ numRuns: RUNS });

const spared = JSON.parse(process.env.CROSS_SPARED);

/** A suite of uvu, in which what is spared is skipped. */
function sparing(suite) {
  return Object.assign((name, handler) => {
    const found = spared.find(({ tests }) => new RegExp(tests).test(name));
    if (!found) return suite(name, handler);
    console.log(`SKIP ${name}: ${found.reason}`);
    suite.skip(name, handler);
  }, suite);
}

export const test = sparing(real.test);
export const suite = (...how) => sparing(real.suite(...how));
export const { exec } = real;

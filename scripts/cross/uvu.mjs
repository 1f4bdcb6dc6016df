// What a test file gets as uvu elsewhere: the same, but for tests that cannot run there. Those are
// skipped, and in an emulator fast-check tries fewer examples, since each takes ten times as long.
import { createRequire } from "node:module";
import { join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { inspect } from "node:util";
import { root } from "../files.mjs";
import { slower } from "./node.mjs";

const RUNS_EMULATED = 10;

const require = createRequire(join(root, "package.json"));
const real = await import("uvu");
const fastCheck = await import(pathToFileURL(require.resolve("fast-check")));
if (slower > 1) (fastCheck.default ?? fastCheck).configureGlobal({ numRuns: RUNS_EMULATED });

const { tests: spared, met } = JSON.parse(process.env.CROSS_SPARED);

/** A suite of uvu, in which what is spared is skipped. */
function sparing(suite) {
  return Object.assign((name, handler) => {
    const found = spared.find(({ tests }) => new RegExp(tests).test(name));
    if (!found) return suite(name, cutShort(name, handler));
    console.log(`SKIP ${name}: ${found.reason}`);
    suite.skip(name, handler);
  }, suite);
}

/** A test that is over when it meets what is lacking. */
function cutShort(name, handler) {
  return async (context) => {
    try {
      await handler(context);
    } catch (error) {
      const told = inspect(error, { depth: 5 });
      const found = met.find(({ pattern }) => new RegExp(pattern).test(told));
      if (!found) throw error;
      console.log(`\nCUT ${name}: ${found.reason}`);
    }
  };
}

export const test = sparing(real.test);
export const suite = (...how) => sparing(real.suite(...how));
export const { exec } = real;

// The inside of an examples' test file, which `examples.mjs` writes: each example is a test.
import assert from "node:assert/strict";
import { runFresh, withoutLeaks } from "@posixly/testing";
import { test } from "uvu";
import { pattern } from "./expected.mjs";

/**
 * @param base Where the test file is
 * @param examples What to run: the name, the module, and what it prints or whether it is alone
 */
export function runExamples(base, examples) {
  for (const { name, module, alone, output } of examples) {
    const url = new URL(module, base);
    const run = alone || output !== undefined
      ? () => runAlone(url, output)
      : () => withoutLeaks(() => import(url.href));
    test(name, run);
  }
  test.run();
}

async function runAlone(url, output) {
  const { status, signal, stdout, stderr } = await runFresh(url);
  assert.equal(status, 0, signal ?? stderr);
  if (output !== undefined) assert.match(stdout.trimEnd(), pattern(output));
}

// The inside of an examples' test file, which `examples.mjs` writes: each example is a test.
import assert from "node:assert/strict";
import process from "node:process";
import { runFresh, testWhere, withoutLeaks } from "@posixly/testing";
import { test } from "uvu";
import { pattern } from "./expected.mjs";
import { enterOwnNetwork } from "./own_network.mjs";

/**
 * @param base Where the test file is
 * @param examples What to run: the name, the module, what it prints, whether it is alone, and
 * whether it needs a network of its own, which all of them have then
 */
export function runExamples(base, examples) {
  const mayEnter = process.getuid() === 0;
  if (mayEnter && examples.some(({ network }) => network)) enterOwnNetwork();
  for (const { name, module, alone, network, output } of examples) {
    const url = new URL(module, base);
    const isAlone = alone || output !== undefined;
    const run = isAlone ? () => runAlone(url, output) : () => withoutLeaks(() => import(url.href));
    if (network) testWhere(mayEnter, "root", name, run);
    else test(name, run);
  }
  test.run();
}

async function runAlone(url, output) {
  const { status, signal, stdout, stderr } = await runFresh(url);
  assert.equal(status, 0, signal ?? stderr);
  if (output !== undefined) assert.match(stdout.trimEnd(), pattern(output));
}

// The inside of an examples' test file, which `examples.mjs` writes: each example is a test.
import assert from "node:assert/strict";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { runFresh, testWhere, withoutLeaks } from "@posixly/testing";
import { test } from "uvu";
import { pattern } from "./expected.mjs";

/**
 * @param base Where the test file is
 * @param examples What to run: the name, the module, and what it prints or whether it is alone, or
 * in a network of its own
 */
export function runExamples(base, examples) {
  for (const { name, module, alone, network, output } of examples) {
    const url = new URL(module, base);
    if (network) {
      const isAllowed = process.getuid() === 0;
      testWhere(isAllowed, "root", name, () => runAlone(ownNetwork, output, fileURLToPath(url)));
      continue;
    }
    const run = alone || output !== undefined
      ? () => runAlone(url, output)
      : () => withoutLeaks(() => import(url.href));
    test(name, run);
  }
  test.run();
}

const ownNetwork = new URL("in_own_network.mjs", import.meta.url);

async function runAlone(url, output, ...args) {
  const { status, signal, stdout, stderr } = await runFresh(url, { args });
  assert.equal(status, 0, signal ?? stderr);
  if (output !== undefined) assert.match(stdout.trimEnd(), pattern(output));
}

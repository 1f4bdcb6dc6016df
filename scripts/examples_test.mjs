// Which blocks of the docs are run, and how what they print is compared.
import assert from "node:assert/strict";
import { test } from "uvu";
import { examplesIn } from "./examples.mjs";
import { pattern } from "./expected.mjs";

test("blocks of ts and js are examples, unless they say otherwise", () => {
  const document = "scripts/fixtures/examples.md";
  assert.deepEqual([...examplesIn(document)], [
    {
      document,
      line: 3,
      code: "const first = 1;\n",
      output: undefined,
      alone: false,
      network: false,
    },
    {
      document,
      line: 7,
      code: "const second = 2;\n",
      output: "two …\n",
      alone: true,
      network: false,
    },
    {
      document,
      line: 25,
      code: "if (true) {\n  const third = 3;\n}\n",
      output: undefined,
      alone: false,
      network: false,
    },
  ]);
});

test("doc comments are documents", () => {
  const [example] = examplesIn("packages/testing/gc.ts");
  assert.match(example.code, /^import \{ gc \}/);
});

test("an output is compared as it is, and … stands for anything", () => {
  assert.match("a (b) $1", pattern("a (b) $1\n"));
  assert.doesNotMatch("a (b) $1 and more", pattern("a (b) $1"));
  assert.match("descriptor 12\nclosed", pattern("descriptor …\nclosed"));
  assert.match("one\ntwo\nthree", pattern("one\n…\nthree"));
});

test.run();

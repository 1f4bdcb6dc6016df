// Every way in which a test file can go wrong is a failure, in every runtime.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "uvu";
import { root } from "./files.mjs";
import { runtimes } from "./runtimes.mjs";
import { limitOf, runTestFile } from "./test_process.mjs";

const expected = {
  hangs: { seconds: 1, problems: [/^hung, and was killed after 1 s$/] },
  spins: { seconds: 1, problems: [/^hung, and was killed after 1 s$/] },
  waits_for_nothing: { problems: [/^ended with exit code \d+ before its tests were through$/] },
  does_not_load: { problems: [/^did not load$/], output: /this is why/ },
  throws_in_before: { failed: 1, problems: [], output: /this is why/ },
  throws_in_after: { passed: 0, problems: [/^an after hook threw$/], output: /this is why/ },
  does_not_exit: { passed: 1, problems: [/^did not end by itself/] },
  exits_early: { problems: [/^ended with exit code 0 before its tests were through$/] },
  crashes: { problems: [/^was ended by SIGSEGV before its tests were through$/] },
  rejects: { problems: [/^ended with exit code 1 before/], output: /this is why/ },
  runs_nothing: { problems: [/^no test ran$/] },
  fails: { passed: 1, failed: 1, skipped: 1, problems: [], output: /this is why/ },
  leaks_a_file: { passed: 1, problems: [/^leaked \d+ -> \/dev\/null$/] },
  leaks_an_eventfd: { passed: 1, problems: [/^leaked \d+ -> anon_inode:\[eventfd\]$/] },
  leaks_to_the_collector: { passed: 1, problems: [/never closed/] },
  uses_much: { passed: 6, problems: [] },
};

test("a file may say how long it takes", () => {
  assert.equal(limitOf(join(root, "scripts/docs/site_test.mjs")), 600);
  assert.equal(limitOf(join(root, "scripts/tour_test.mjs")), 60);
});

for (const { name, command } of runtimes.filter((runtime) => runtime.command)) {
  const results = new Map();
  test(`${name}: run every fixture at once, since most of them only wait`, async () => {
    await Promise.all(
      Object.entries(expected).map(async ([fixture, { seconds }]) => {
        const file = join(root, "scripts/fixtures", `${fixture}.mjs`);
        results.set(
          fixture,
          await runTestFile([...command(file).slice(0, -1), file], seconds ?? 30),
        );
      }),
    );
  });
  for (const [fixture, expectation] of Object.entries(expected)) {
    test(`${name}: a file that ${fixture.replaceAll("_", " ")}`, () => {
      const result = results.get(fixture);
      const { problems, output = /^/, passed = 0, failed = 0, skipped = 0 } = expectation;
      assert.equal(result.problems.length, problems.length, result.problems.join("\n"));
      problems.forEach((problem, i) => assert.match(result.problems[i], problem));
      assert.match(result.output, output);
      assert.deepEqual(
        [result.passed, result.failed, result.skipped],
        [passed, failed + problems.length, skipped],
      );
    });
  }
}

test.run();

// The tour is a program among others: it is piped, cut short, and read by machines.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "uvu";
import { experimentsIn, writeExperiment } from "./examples.mjs";
import { pattern } from "./expected.mjs";
import { root } from "./files.mjs";
import { chapters, scenesOf } from "./tour/chapters.mjs";
import { guests, runEverywhere } from "./tour/guests.mjs";
import { answers, prose } from "./tour/screen.mjs";
import { opening, story } from "./tour/story.mjs";

const tour = [process.execPath, join(root, "scripts/tour.mjs")];

function run(...args) {
  const [program, script] = tour;
  return spawnSync(program, [script, ...args], { encoding: "utf8" });
}

test("the tour lists its chapters", () => {
  const { status, stdout } = run("--list");
  assert.equal(status, 0);
  assert.deepEqual(
    stdout.trimEnd().split("\n").map((line) => line.trim().split(" ")[0]),
    chapters.map(({ name }) => name),
  );
});

test("the tour ends quietly when its reader leaves", () => {
  const script = '{ "$@"; echo "ended with $?" >&2; } | head -n 1';
  const { stdout, stderr } = spawnSync("sh", ["-c", script, "sh", ...tour, "descriptors"], {
    encoding: "utf8",
  });
  assert.equal(stdout, "Descriptors\n");
  assert.match(stderr, /ended with 0\n$/); // before that, that it compiles
});

test("the story stops at each chapter once, in the order of the guide", () => {
  assert.deepEqual(story.map(({ chapter }) => chapter), chapters.map(({ name }) => name));
  assert.equal(/ in (\w+) stops/.exec(opening.text)[1] === "ten", story.length === 10);
});

test("each stop but the last leads to the next, and says which file to read", () => {
  for (const { chapter, next, source } of story) {
    assert.equal(next === undefined, chapter === story.at(-1).chapter, chapter);
    assert.ok(existsSync(join(root, source)), source);
  }
});

test("what the story shows are lines of experiments that the guide has", () => {
  for (const { guide, stop } of chapters) {
    const experiments = [...experimentsIn(guide)];
    for (const scene of stop.scenes.flatMap((scene) => [scene, scene.instead ?? []].flat())) {
      const experiment = experiments.find(({ title }) => title === scene.experiment);
      assert.ok(experiment, `${guide} has no experiment called ${scene.experiment}`);
      const lines = experiment.code.split("\n").map((line) => line.trim());
      for (const line of scene.code) assert.ok(lines.includes(line), `${guide} has no ${line}`);
    }
  }
});

test("whoever may not have a network of his own is shown all the same what takes no rights", () => {
  for (const chapter of chapters) {
    for (const { title, network } of scenesOf(chapter, false)) assert.ok(!network, title);
  }
});

test("for machines there is one document, and nothing else", () => {
  const { status, stdout } = run("--json", "introduction");
  const report = JSON.parse(stdout);
  assert.equal(status, report.ok ? 0 : 1);
  assert.deepEqual(Object.keys(report), ["ok", "milliseconds", "machine", "runtimes", "chapters"]);
  assert.match(report.machine.kernel, /^\d+\.\d+/);
  assert.deepEqual(report.runtimes.map(({ name }) => name), guests.map(({ name }) => name));
  for (const { version } of report.runtimes) assert.match(version, /^\d+\.\d+\.\d+$/);
  const [{ name, title, guide, source, experiments }, ...others] = report.chapters;
  assert.deepEqual(others, []);
  assert.deepEqual([name, title, guide], [
    "introduction",
    "Introduction",
    "docs/guide/introduction.md",
  ]);
  assert.ok(existsSync(join(root, source)));
  assert.deepEqual(
    experiments.map(({ title }) => title),
    [...experimentsIn(guide)].map(({ title }) => title),
  );
  for (const { runs } of experiments) {
    assert.deepEqual(runs.map(({ runtime }) => runtime), guests.map(({ name }) => name));
    for (const { ok, milliseconds, lines, values, problems } of runs) {
      assert.deepEqual({ ok, values, problems }, { ok: true, values: [], problems: [] });
      assert.ok(milliseconds > 0 && lines.length > 0);
    }
  }
});

test("a program that prints something else than the guide says has failed", async () => {
  const [experiment] = experimentsIn("docs/guide/introduction.md");
  writeExperiment(experiment);
  const expected = pattern("nothing yet: null\n…:  5\n…\nan error:    write EPERM");
  for (const { ok, problems } of await runEverywhere({ ...experiment, expected })) {
    assert.deepEqual({ ok, problems }, {
      ok: false,
      problems: ["this is not what the guide says"],
    });
  }
  const { expected: right } = experiment;
  for (const { ok } of await runEverywhere({ ...experiment, expected: right })) assert.ok(ok);
});

test("figures that differ from machine to machine are values", async () => {
  const [experiment] = experimentsIn("docs/guide/introduction.md");
  writeExperiment(experiment);
  const expected = pattern("…: null\nsome bytes:  …\n…\nan error:    write …");
  for (const { values } of await runEverywhere({ ...experiment, expected })) {
    assert.deepEqual(values, ["nothing yet", 5, "the end:     0", "EBADF"]);
  }
});

test("what all say stands there once, and what each says with a name", () => {
  const runs = [
    { label: "Node", lines: ["one", "2 µs"], problems: [] },
    { label: "Deno", lines: ["one", "3 µs", "and more"], problems: ["ended with 1"] },
  ];
  assert.equal(
    answers(runs),
    ["  both  one", "  Node  2 µs", "  Deno  3 µs", "        and more", "        ended with 1"]
      .join("\n"),
  );
});

test("a paragraph is folded between its words", () => {
  assert.equal(
    prose(`${"a".repeat(60)} ${"b".repeat(60)}\n c`),
    `${"a".repeat(60)}\n${"b".repeat(60)} c`,
  );
});

test.run();

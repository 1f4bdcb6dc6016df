// Runs every test in every runtime.
//
//   npm test                                 everything
//   npm test -- sys                          a package
//   npm test -- pipe struct_test docs        packages, files, the examples in the docs
//   npm test -- fd --runtime deno            one runtime
import { spawnSync } from "node:child_process";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { readArguments, requireNames } from "./arguments.mjs";
import { writeExamples } from "./examples.mjs";
import { filesIn, packages, root } from "./files.mjs";
import { runtimes } from "./runtimes.mjs";
import { limitOf, runTestFile } from "./test_process.mjs";

const { values, positionals } = readArguments({
  allowPositionals: true,
  options: { runtime: { type: "string", multiple: true, default: [] } },
});
requireNames(values.runtime, runtimes.map(({ name }) => name), "runtime");
const inCI = Boolean(process.env.CI);
process.on("SIGINT", () => process.exit(130));

const chosen = [...selectRuntimes()];
const totals = new Map();
for (const { name } of chosen) count(name, {});
const files = selectFiles();
const build = spawnSync("node_modules/.bin/tsc", ["-b", ...projectsOf(files)], { cwd: root });
if (build.status !== 0) {
  console.log(`${build.stdout}${build.stderr}`);
  count("types", { failed: 1 }); // which keeps nothing from running
}
if (files.length === 0) {
  console.log("There is no such test");
  count("selection", { failed: 1 });
} else {
  const tests = [...inEachRuntime(files)];
  await Promise.all(Array.from({ length: availableParallelism() }, () => work(tests)));
}
summarize();

function selectFiles() {
  const ofPackages = [...filesIn("packages")].filter((file) => file.endsWith("_test.ts"));
  const ofScripts = [...filesIn("scripts")].filter((file) => file.endsWith("_test.mjs"));
  return [...ofScripts, ...ofPackages, ...writeExamples()].filter(isSelected);
}

function isSelected(file) {
  if (positionals.length === 0) return true;
  return positionals.some((word) =>
    packages.includes(word) ? file.split("/").includes(word) : file.includes(word)
  );
}

/** What has to be built: everything, or the packages that were asked for, with what they use. */
function projectsOf(files) {
  const isOfNone = (file) => !file.includes("packages/"); // and may use any
  if (positionals.length === 0 || files.some(isOfNone)) return ["packages"];
  const named = packages.filter((name) => files.some((file) => file.split("/").includes(name)));
  return ["sys", "testing", ...named].map((name) => `packages/${name}`);
}

/** Every test file with each runtime that it runs in; the scripts are for Node alone. */
function* inEachRuntime(files) {
  for (const runtime of chosen) {
    for (const file of files) {
      if (file.endsWith("_test.ts")) {
        yield { runtime, file, command: runtime.command(join(root, file)) };
      } else if (runtime === runtimes[0]) {
        yield { runtime, file, command: [process.execPath, join(root, file)] };
      }
    }
  }
}

function* selectRuntimes() {
  for (const runtime of runtimes) {
    if (values.runtime.length > 0 && !values.runtime.includes(runtime.name)) continue;
    if (runtime.command) yield runtime;
    else console.log(`${runtime.name}: skipped, there is none for ${process.platform} here`);
  }
}

async function work(tests) {
  for (let next; (next = tests.shift()) !== undefined;) {
    const { runtime, file, command } = next;
    const result = await runTestFile(command, limitOf(join(root, file)));
    if (inCI && result.skipped > 0) {
      result.problems.push(`skipped ${result.skipped}, which CI must not`);
      result.failed += result.skipped;
      result.skipped = 0;
    }
    count(runtime.name, result);
    console.log(`${runtime.name.padEnd(7)} ${shortName(file)}: ${counts(result)}`);
    for (const [line] of result.output.matchAll(/^SKIP .*/gm)) console.log(`        ${line}`);
    if (result.failed > 0) console.log(indent(result.output.trim()));
    for (const problem of result.problems) console.log(`        FAIL ${problem}`);
  }
}

function count(name, { passed = 0, failed = 0, skipped = 0 }) {
  const total = totals.get(name) ?? { passed: 0, failed: 0, skipped: 0 };
  totals.set(name, {
    passed: total.passed + passed,
    failed: total.failed + failed,
    skipped: total.skipped + skipped,
  });
}

function summarize() {
  console.log();
  for (const [name, total] of totals) console.log(`${name}: ${counts(total)}`);
  for (const total of [...totals.values()]) count("all", total);
  console.log(counts(totals.get("all")));
  process.exitCode = totals.get("all").failed > 0 ? 1 : 0;
}

function counts({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed` + (skipped > 0 ? `, ${skipped} skipped` : "");
}

function shortName(file) {
  return file.replace(/^\.examples\//, "").replace(/^packages\//, "");
}

function indent(text) {
  return text.replace(/^/gm, "        ");
}

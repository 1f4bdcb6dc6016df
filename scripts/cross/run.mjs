// Runs test files in Node elsewhere, and says how they went.
import { spawnSync } from "node:child_process";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { readArguments } from "../arguments.mjs";
import { filesIn, packages, root } from "../files.mjs";
import { compiled } from "../runtimes.mjs";
import { limitOf, runTestFile } from "../test_process.mjs";
import { selection } from "./selection.mjs";
import { node, slower } from "./node.mjs";
import { EVERY, met, sparedIn } from "./spared.mjs";

const probes = fileURLToPath(new URL(`probes_${process.env.CROSS_NAME}.mjs`, import.meta.url));

const { values, positionals } = readArguments({
  allowPositionals: true,
  options: { selection: { type: "boolean" } },
});
process.on("SIGINT", () => process.exit(130)).on("SIGTERM", () => process.exit(143));

const files = [...filesIn("packages")].filter((file) => file.endsWith("_test.ts"))
  .filter((file) => values.selection ? selection.includes(file) : isSelected(file));
build();
const lacking = probe();
tell();

const total = { passed: 0, failed: 0, skipped: 0 };
const notRun = [];
const queue = [...files];
await Promise.all(Array.from({ length: availableParallelism() }, work));
if (files.length === 0) total.failed++;
if (notRun.length > 0) console.log(`${notRun.length} files were not run`);
console.log(`${process.env.CROSS_NAME}: ${counts(total)}`);
process.exitCode = total.failed > 0 ? 1 : 0;

function isSelected(file) {
  if (positionals.length === 0) return true;
  return positionals.some((word) =>
    packages.includes(word) ? file.split("/").includes(word) : file.includes(word)
  );
}

/** As JavaScript, since to strip types takes as long as the tests. */
function build() {
  const { status } = spawnSync("node_modules/.bin/tsc", ["-b", "packages"], {
    cwd: root,
    stdio: ["ignore", 2, 2],
  });
  if (status !== 0) throw new Error("The packages do not compile");
}

/** What is lacking there, each with what it said. */
function probe() {
  const { status, stdout, stderr } = spawnSync(node, [probes], {
    cwd: root,
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`The probes failed: ${stderr}`);
  return JSON.parse(stdout);
}

function tell() {
  const namesBy = new Map();
  for (const [name, reason] of Object.entries(lacking)) {
    namesBy.set(reason, [...namesBy.get(reason) ?? [], name]);
  }
  for (const [reason, names] of namesBy) console.log(`lacking: ${names.join(", ")}: ${reason}`);
}

async function work() {
  for (let file; (file = queue.shift()) !== undefined;) {
    const whole = sparedIn(file, lacking).find(({ tests }) => tests === EVERY);
    if (whole) {
      console.log(`${file.replace("packages/", "")}: not run, ${whole.reason}`);
      notRun.push(file);
      continue;
    }
    const start = Date.now();
    const result = withoutCut(await run(file));
    for (const key of Object.keys(total)) total[key] += result[key];
    const seconds = ((Date.now() - start) / 1000).toFixed(0);
    console.log(`${file.replace("packages/", "")}: ${counts(result)} (${seconds} s)`);
    for (const [line] of result.output.matchAll(/^(SKIP|CUT) .*/gm)) console.log(`    ${line}`);
    if (result.failed > 0) console.log(result.output.trim().replace(/^/gm, "    "));
    for (const problem of result.problems) console.log(`    FAIL ${problem}`);
  }
}

function run(file) {
  process.env.CROSS_SPARED = JSON.stringify({ tests: sparedIn(file, lacking), met: met(lacking) });
  const path = join(root, file);
  return runTestFile([node, compiled(path)], slower * limitOf(path));
}

/** Tests that were cut short count as skipped, and what one left behind is not held against it. */
function withoutCut({ passed, failed, skipped, problems, output }) {
  const cut = output.match(/^CUT /gm)?.length ?? 0;
  const real = problems.filter((problem) => cut === 0 || !/^leaked|never closed/.test(problem));
  return {
    passed: Math.max(0, passed - cut), // none is known of a file that crashed
    failed: failed - (problems.length - real.length),
    skipped: skipped + cut,
    problems: real,
    output,
  };
}

function counts({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

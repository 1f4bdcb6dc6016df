// Runs test files under the emulator, and says how they went.
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
import { node, SLOWER } from "./node.mjs";
import { sparedIn } from "./spared.mjs";

const probes = fileURLToPath(new URL("probes.mjs", import.meta.url));

const { values, positionals } = readArguments({
  allowPositionals: true,
  options: { selection: { type: "boolean" } },
});
process.on("SIGINT", () => process.exit(130)).on("SIGTERM", () => process.exit(143));

const files = [...filesIn("packages")].filter((file) => file.endsWith("_test.ts"))
  .filter((file) => values.selection ? selection.includes(file) : isSelected(file));
build();
const lacking = probe();
for (const [name, reason] of Object.entries(lacking)) console.log(`lacking: ${name}, ${reason}`);

const total = { passed: 0, failed: 0, skipped: 0 };
const queue = [...files];
await Promise.all(Array.from({ length: availableParallelism() }, work));
if (files.length === 0) total.failed++;
console.log(`arm64: ${counts(total)}`);
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

/** What the emulator lacks, each with what it said. */
function probe() {
  const { status, stdout, stderr } = spawnSync(node, [probes], {
    cwd: root,
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`The probes failed: ${stderr}`);
  return JSON.parse(stdout);
}

async function work() {
  for (let file; (file = queue.shift()) !== undefined;) {
    const start = Date.now();
    const result = await run(file, sparedIn(file, lacking));
    for (const key of Object.keys(total)) total[key] += result[key];
    const seconds = ((Date.now() - start) / 1000).toFixed(0);
    console.log(`${file.replace("packages/", "")}: ${counts(result)} (${seconds} s)`);
    for (const [line] of result.output.matchAll(/^SKIP .*/gm)) console.log(`    ${line}`);
    if (result.failed > 0) console.log(result.output.trim().replace(/^/gm, "    "));
    for (const problem of result.problems) console.log(`    FAIL ${problem}`);
  }
}

function run(file, spared) {
  process.env.CROSS_SPARED = JSON.stringify(spared);
  const path = join(root, file);
  return runTestFile([node, compiled(path)], SLOWER * limitOf(path));
}

function counts({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

// The outside of a test process: starts it, ends it when its time is up, and judges.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { root } from "./files.mjs";

const inside = join(root, "scripts/run_test_file.mjs");
const running = new Set();
process.on("exit", () => running.forEach(killGroup));

/**
 * After how many seconds a test file hangs: a minute, unless a line of it begins with `// Limit:`.
 *
 * @param file Its path
 */
export function limitOf(file) {
  const [, seconds = "60"] = readFileSync(file, "utf8").match(/^\/\/ Limit: (\d+) s\b/m) ?? [];
  return Number(seconds);
}

/**
 * Runs a test file.
 *
 * @param command What starts the runtime: a program, its flags and, last, the file
 * @param seconds After how long it hangs
 * @returns How many tests passed, failed and were skipped, what else went wrong, what it printed
 */
export async function runTestFile(command, seconds = 60) {
  const folder = mkdtempSync(join(tmpdir(), "posixly-test-"));
  try {
    const reportFile = join(folder, "report.json");
    const ended = await run([...command.slice(0, -1), inside, reportFile, command.at(-1)], seconds);
    const { passed, failed, skipped, problems } = judge(ended, read(reportFile), seconds);
    return { passed, failed: failed + problems.length, skipped, problems, output: ended.output };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function run([program, ...args], seconds) {
  return new Promise((resolve, reject) => {
    // In a group of its own, so that whatever it starts can be ended with it.
    const child = spawn(program, args, {
      cwd: root,
      // Node reads extra certificates on a thread of its own, which looks like a leak.
      env: { ...process.env, DENO_NO_UPDATE_CHECK: "1", NODE_EXTRA_CA_CERTS: undefined },
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    running.add(child);
    let output = "";
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      killGroup(child);
    }, seconds * 1000);
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => output += text);
    }
    child.on("error", reject);
    child.on("exit", () => killGroup(child));
    child.on("close", (status, signal) => {
      clearTimeout(timer);
      running.delete(child);
      resolve({ status, signal, timedOut, output });
    });
  });
}

function killGroup(child) {
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // Nobody is left in it.
  }
}

function read(reportFile) {
  try {
    return JSON.parse(readFileSync(reportFile, "utf8"));
  } catch {
    return undefined;
  }
}

function judge({ status, signal, timedOut }, report, seconds) {
  const ending = signal ? `was ended by ${signal}` : `ended with exit code ${status}`;
  if (report === undefined) {
    const problem = timedOut
      ? `hung, and was killed after ${seconds} s`
      : `${ending} before its tests were through`;
    return { passed: 0, failed: 0, skipped: 0, problems: [problem] };
  }
  const { problems } = report;
  if (timedOut) problems.push(`did not end within ${seconds} s`);
  else if (status !== 0) problems.push(`${ending} after its tests`);
  return report;
}

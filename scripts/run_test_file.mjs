// The inside of a test process: runs the tests of one file and writes down how they went.
// The process then has to end by itself, as a user's program would.
//
//   run_test_file.mjs REPORT FILE
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import process from "node:process";
import { pathToFileURL } from "node:url";

const MAY_LINGER_MS = 10_000;

const [reportFile, testFile] = process.argv.slice(2);
const report = { passed: 0, failed: 0, skipped: 0, problems: [] };
const writeReport = () => writeFileSync(reportFile, JSON.stringify(report));

globalThis.UVU_DEFER = 1; // keep uvu from starting by itself
globalThis.UVU_QUEUE = [[]];
globalThis.UVU_INDEX = 0;
const { test } = await import("uvu");
const { openDescriptors, openedSince } = await import("@posixly/testing");

// An owned descriptor that was forgotten is closed by the garbage collector, with a warning.
process.on("warning", ({ message }) => {
  if (message.includes("never closed")) report.problems.push(message);
});

tellWhyBeforeThrew();
await openWhatStaysOpen();
const before = openDescriptors();
if (await loads()) {
  for (const suite of globalThis.UVU_QUEUE[0]) await run(suite);
  const { passed, failed, skipped, problems } = report;
  if (passed + failed + skipped + problems.length === 0) problems.push("no test ran");
}
for (const leak of await openedSince(before)) report.problems.push(`leaked ${leak}`);
writeReport();

setTimeout(() => {
  const why = process.getActiveResourcesInfo?.().join(", ");
  report.problems.push(`did not end by itself${why ? `: ${why}` : ""}`);
  writeReport();
  process.exit();
}, MAY_LINGER_MS).unref();

async function loads() {
  try {
    await import(pathToFileURL(testFile).href);
    return true;
  } catch (error) {
    console.error(error);
    report.problems.push("did not load");
    return false;
  }
}

async function run(suite) {
  try {
    const [errors, passed, skipped, total] = await suite();
    if (typeof errors === "string") console.log(`\n${errors}`);
    report.passed += passed;
    report.skipped += skipped;
    report.failed += total - passed; // uvu forgets those that a hook kept from running
  } catch (error) {
    console.error(error);
    report.problems.push("an after hook threw");
  }
}

/** Uvu swallows what `before` throws. */
function tellWhyBeforeThrew() {
  const { before } = test;
  test.before = Object.assign((hook) =>
    before(async (context) => {
      try {
        await hook(context);
      } catch (error) {
        console.error("\nThe before hook threw:", error);
        throw error;
      }
    }), before);
}

/** What a runtime, or `watch`, opens at its first use and keeps, so that it is no leak later. */
async function openWhatStaysOpen() {
  await once(spawn("true"), "close");
  const ignore = () => {};
  process.on("SIGCONT", ignore).off("SIGCONT", ignore);
  try {
    const { bind, watch } = await import("@posixly/sys");
    const libc = bind({ eventfd: ["i32", "u32", "i32"], close: ["i32", "i32"] });
    const fd = libc.eventfd(0, 0);
    watch(fd, () => {}).close();
    libc.close(fd);
  } catch {
    // Then the tests will say what is wrong.
  }
}

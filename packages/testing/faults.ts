import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";

/**
 * Has system calls of this process fail while something runs: strace(1) is attached to it meanwhile.
 * What the runtime itself calls all the time, such as `mmap` and `epoll_ctl`, should be left alone;
 * and `fcntl`, by which Deno locks its caches: it tries again for ten seconds.
 *
 * @param faults What is to fail, as strace has it: `sendfile:error=EIO:when=2`
 * @param run What to run
 * @returns What it returned
 * @throws {AssertionError} If none of the calls was made, or one that was to fail
 *
 * @example Usage
 * ```ts no-run
 * import { withFaults } from "@posixly/testing";
 * import { readSync } from "node:fs";
 * import assert from "node:assert/strict";
 *
 * await withFaults(["read:error=EIO:when=1"], () => {
 *   assert.throws(() => readSync(0, new Uint8Array(1)), { code: "EIO" });
 * });
 * ```
 */
export async function withFaults<T>(
  faults: readonly string[],
  run: () => T | Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "posixly-faults-"));
  const log = join(folder, "log");
  const calls = faults.map((fault) => fault.split(":")[0]);
  const tracer = spawn("strace", [
    ...["-f", "-o", log, "-e", `trace=${calls.join()}`, "-p", String(process.pid)],
    ...faults.flatMap((fault) => ["-e", `inject=${fault}`]),
  ], { stdio: ["ignore", "ignore", "pipe"] });
  const ended = once(tracer, "close");
  let said = "";
  let traced: string;
  let result: T;
  try {
    tracer.stderr.setEncoding("utf8").on("data", (text) => said += text);
    while (!said.includes(" attached") && tracer.exitCode === null) {
      await Promise.race([once(tracer.stderr, "data"), ended]);
    }
    result = await run();
  } finally {
    tracer.kill("SIGINT"); // which lets us go on by ourselves
    await ended;
    traced = readFileSync(log, "utf8");
    rmSync(folder, { recursive: true });
  }
  for (const call of calls) {
    assert.match(traced, new RegExp(`${call}\\(.*\\(INJECTED\\)`), `${call} did not fail: ${said}`);
  }
  return result;
}

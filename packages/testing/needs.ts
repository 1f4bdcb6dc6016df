import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import process from "node:process";
import { type Callback, test } from "uvu";

/**
 * Whether a program is on the `PATH`.
 *
 * @param program Its name, such as `socat`
 * @returns Whether it can be run
 *
 * @example Usage
 * ```ts
 * import { found } from "@posixly/testing";
 * import assert from "node:assert/strict";
 *
 * assert.ok(found("sh"));
 * assert.ok(!found("no such program"));
 * ```
 */
export function found(program: string): boolean {
  // A user's PATH may leave out where Debian keeps a server, such as nginx.
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/sbin"];
  return folders.some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/**
 * A test that needs programs which may be absent. It is skipped by name without them, and
 * fails in CI, which installs them all.
 *
 * @param programs The name of one, or of several
 * @param name What the test shows
 * @param run The test
 *
 * @example Usage
 * ```ts no-run
 * import { testNeeding } from "@posixly/testing";
 * import { execFileSync } from "node:child_process";
 *
 * testNeeding(["socat"], "socat knows its version", () => {
 *   execFileSync("socat", ["-V"]);
 * });
 * ```
 */
export function testNeeding(programs: string | string[], name: string, run: Callback): void {
  const absent = [programs].flat().filter((program) => !found(program));
  testWhere(absent.length === 0, absent.join(", "), name, run);
}

/**
 * A test that needs something else of the machine, such as a kernel that is new enough. It is
 * skipped by name where it is not met, and fails in CI then.
 *
 * @param met Whether it is there
 * @param need What it is, in a few words
 * @param name What the test shows
 * @param run The test
 *
 * @example Usage
 * ```ts no-run
 * import { testWhere } from "@posixly/testing";
 * import { existsSync } from "node:fs";
 *
 * testWhere(existsSync("/dev/ptmx"), "/dev/ptmx", "there are terminals", () => {});
 * ```
 */
export function testWhere(met: boolean, need: string, name: string, run: Callback): void {
  if (met) return test(name, run);
  console.log(`SKIP ${name}: needs ${need}`);
  test.skip(name, run);
}

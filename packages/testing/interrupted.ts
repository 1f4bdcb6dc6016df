import assert from "node:assert/strict";

/** `EINTR`, everywhere on Linux. */
const EINTR = 4;

/**
 * Has a function of a package's `libc` fail thrice as a signal makes it fail, and checks that what
 * is run calls it again each time.
 *
 * @param libc The functions, as `bind` made them
 * @param name Which of them
 * @param run What calls it, and checks that it did its work
 *
 * @example Usage
 * ```ts
 * import { interrupted } from "@posixly/testing";
 *
 * const libc = { getppid: () => 1 };
 * interrupted(libc, "getppid", () => {
 *   while (libc.getppid() < 0);
 * });
 * ```
 */
export function interrupted<L extends object>(
  libc: L,
  name: keyof L & string,
  run: () => void,
): void {
  const functions = libc as Record<string, (...args: unknown[]) => unknown>;
  const call = functions[name];
  let calls = 0;
  functions[name] = (...args) => calls++ < 3 ? -EINTR : call(...args);
  try {
    run();
  } finally {
    functions[name] = call;
  }
  assert.ok(calls > 3, `${name} was called ${calls} times`);
}

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

let collect: (() => void) | undefined;

/**
 * Collects garbage now, and lets finalizers run.
 *
 * @returns Resolves when they had their turn
 *
 * @example Usage
 * ```ts
 * import { gc } from "@posixly/testing";
 *
 * await gc();
 * ```
 */
export async function gc(): Promise<void> {
  collect ??= expose();
  for (let turn = 0; turn < 3; turn++) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

function expose(): () => void {
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc");
}

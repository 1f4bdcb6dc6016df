import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { turns } from "./turns.ts";

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
  for (let round = 0; round < 3; round++) {
    collect();
    await turns(1);
  }
}

function expose(): () => void {
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc");
}

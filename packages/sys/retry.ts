import { errno } from "./errno.ts";

/**
 * Makes a call, and makes it again for as long as signals interrupt it: what is done with every
 * call but close(2), which has closed the descriptor even then.
 *
 * @param call Makes the call, and returns `-errno` if it failed
 * @returns What the call returned in the end
 *
 * @example Usage
 * ```ts
 * import { errno, retry } from "@posixly/sys";
 * import assert from "node:assert/strict";
 *
 * let interruptions = 2;
 * assert.equal(retry(() => interruptions-- > 0 ? -errno.EINTR : 7), 7);
 * ```
 */
export function retry<T extends number | bigint>(call: () => T): T {
  for (;;) {
    const result = call();
    if (result !== -errno.EINTR) return result;
  }
}

/** How long before the server closes a connection we leave it alone, and how long we keep one. */
const MARGIN = 2000;
const LONGEST = 600_000;

/**
 * How long a connection may rest, of which the server says for how long it will keep it: 2 s less
 * than that, in which a request could meet the end on its way, and 10 minutes at most.
 *
 * @param promised How many milliseconds the server keeps it
 * @returns How many milliseconds it may rest; 0 is not at all
 *
 * @example Usage
 * ```ts
 * import { restWithin } from "@posixly/pool/tcp";
 * import assert from "node:assert/strict";
 *
 * assert.equal(restWithin(5_000), 3_000);
 * assert.equal(restWithin(1_000), 0);
 * assert.equal(restWithin(Infinity), 600_000);
 * ```
 */
export function restWithin(promised: number): number {
  if (typeof promised !== "number" || Number.isNaN(promised)) {
    throw new TypeError(`promised must be a number of milliseconds, not ${String(promised)}`);
  }
  return Math.min(Math.max(promised - MARGIN, 0), LONGEST);
}

/**
 * What a server promises by the header `Keep-Alive` of HTTP: `timeout=5, max=100`.
 *
 * @param header Its value
 * @returns How many milliseconds it keeps the connection; `undefined` if it does not say
 *
 * @example Usage
 * ```ts
 * import { keepAliveOf } from "@posixly/pool/tcp";
 * import assert from "node:assert/strict";
 *
 * assert.equal(keepAliveOf("timeout=5, max=100"), 5_000);
 * assert.equal(keepAliveOf("max=100"), undefined);
 * ```
 */
export function keepAliveOf(header: string): number | undefined {
  const seconds = /(?:^|[,;\s])timeout="?(\d+)/i.exec(header)?.[1];
  return seconds === undefined ? undefined : Number(seconds) * 1000;
}

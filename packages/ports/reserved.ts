import type { PortRange } from "@posixly/socket";
import { requireInteger } from "@posixly/sys";

/** The highest port. */
export const PORT_MAX = 0xffff;

/**
 * Reads a list of ports as `ip_local_reserved_ports` has it: numbers and ranges with commas between
 * them, and nothing else. The result is in order, and what overlaps or touches is one range, as the
 * kernel itself would tell it.
 *
 * @param text Such as `8080,9000-9010`; empty for none
 * @returns The ranges
 * @throws {TypeError} If it is no such list: something else than digits, a number that begins with
 * a 0 (the kernel would take that for octal), a range that ends before it begins
 * @throws {RangeError} If a port is above 65535
 *
 * @example Usage
 * ```ts
 * import { parsePorts } from "@posixly/ports";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(parsePorts("8081,9000-9010,8080"), [
 *   { first: 8080, last: 8081 },
 *   { first: 9000, last: 9010 },
 * ]);
 * assert.throws(() => parsePorts("70000"), RangeError);
 * ```
 */
export function parsePorts(text: string): PortRange[] {
  if (typeof text !== "string") throw new TypeError(`text must be a string, not ${typeof text}`);
  const list = text.trim();
  return list === "" ? [] : mergePorts(list.split(",").map(parseRange));
}

function parseRange(text: string): PortRange {
  const [, first, last] = /^(0|[1-9]\d*)(?:-(0|[1-9]\d*))?$/.exec(text) ?? [];
  if (first === undefined) throw new TypeError(`Cannot parse ports ${JSON.stringify(text)}`);
  return { first: Number(first), last: Number(last ?? first) };
}

/**
 * Puts ranges of ports in order, and makes one of those that overlap or touch.
 *
 * @param ranges Any, in any order
 * @returns The same ports in as few ranges as can be
 * @throws {TypeError | RangeError} If one is none: from 0 to 65535, and not ending before it begins
 *
 * @example Usage
 * ```ts
 * import { mergePorts } from "@posixly/ports";
 * import assert from "node:assert/strict";
 *
 * const merged = mergePorts([{ first: 5, last: 9 }, { first: 1, last: 4 }]);
 * assert.deepEqual(merged, [{ first: 1, last: 9 }]);
 * ```
 */
export function mergePorts(ranges: Iterable<PortRange>): PortRange[] {
  const sorted = Array.from(ranges, requireRange).sort((a, b) => a.first - b.first);
  const merged: { first: number; last: number }[] = [];
  for (const { first, last } of sorted) {
    const before = merged.at(-1);
    if (before !== undefined && first <= before.last + 1) {
      before.last = Math.max(before.last, last);
    } else {
      merged.push({ first, last });
    }
  }
  return merged;
}

/** Checks that it is a range of ports. */
export function requireRange(range: PortRange): PortRange {
  const { first, last } = range;
  requireInteger(first, "first", 0, PORT_MAX);
  requireInteger(last, "last", 0, PORT_MAX);
  if (last < first) throw new TypeError(`A range of ports cannot go from ${first} to ${last}`);
  return range;
}

/**
 * Writes ranges of ports as `ip_local_reserved_ports` takes them.
 *
 * @param ranges Any, in any order
 * @returns Such as `8080-8081,9000`; empty for none
 * @throws {TypeError | RangeError} If one is none
 *
 * @example Usage
 * ```ts
 * import { formatPorts } from "@posixly/ports";
 * import assert from "node:assert/strict";
 *
 * assert.equal(formatPorts([{ first: 80, last: 80 }, { first: 1, last: 3 }]), "1-3,80");
 * ```
 */
export function formatPorts(ranges: Iterable<PortRange>): string {
  return mergePorts(ranges)
    .map(({ first, last }) => first === last ? `${first}` : `${first}-${last}`)
    .join(",");
}

/** How many ports of a range lie in others, which are merged. */
export function overlap(range: PortRange, others: readonly PortRange[]): number {
  return others.reduce((sum, { first, last }) => (
    sum + Math.max(0, Math.min(range.last, last) - Math.max(range.first, first) + 1)
  ), 0);
}

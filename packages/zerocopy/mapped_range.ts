import { requireInteger, requireKnown } from "@posixly/sys";

/**
 * A part of a {@linkcode Mapping}, in bytes. The kernel deals in pages, so that what is asked of
 * some bytes happens to all pages they are in.
 *
 * @example Usage
 * ```ts
 * import { map, type MappedRange } from "@posixly/zerocopy";
 * import assert from "node:assert/strict";
 *
 * const header: MappedRange = { length: 512 };
 * using memory = map(null, { length: 65_536 });
 * assert.equal(memory.resident(header), 0);
 * ```
 */
export interface MappedRange {
  /** Where it begins; the beginning of the mapping by default. */
  readonly offset?: number;
  /** How many bytes it has; by default all to the end of the mapping. */
  readonly length?: number;
}

/** Checks that a range lies within so many bytes, and gives where it begins and ends. */
export function boundsOf(range: MappedRange, size: number): [from: number, to: number] {
  requireKnown(range, ["offset", "length"]);
  const { offset = 0, length } = range;
  requireInteger(offset, "offset", 0, size);
  if (length === undefined) return [offset, size];
  return [offset, offset + requireInteger(length, "length", 0, size - offset)];
}

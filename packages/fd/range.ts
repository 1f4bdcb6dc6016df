import { requireInteger64, requireKnown } from "@posixly/sys";

/**
 * A part of a file.
 *
 * @example Usage
 * ```ts
 * import { lock, memfd, type FileRange } from "@posixly/fd";
 * import assert from "node:assert/strict";
 *
 * const header: FileRange = { length: 512 };
 * using file = memfd("records");
 * assert.equal(lock(file, header), true);
 * ```
 */
export interface FileRange {
  /** Where it begins, in bytes; the beginning of the file by default. */
  readonly offset?: number | bigint;
  /** How many bytes it has, at least 1; without it, it goes on to the end, wherever that moves. */
  readonly length?: number | bigint;
}

/** Checks a range and gives it as the kernel takes it, to whom 0 bytes are all. */
export function rangeOf(range: FileRange): [number | bigint, number | bigint] {
  requireKnown(range, ["offset", "length"]);
  const { offset = 0, length } = range;
  requireInteger64(offset, "offset");
  return [offset, length === undefined ? 0 : requireInteger64(length, "length", 1n)];
}

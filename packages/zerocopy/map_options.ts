/**
 * What to map, and how, see {@linkcode map}.
 *
 * @example Usage
 * ```ts
 * import { map, type MapOptions } from "@posixly/zerocopy";
 * import assert from "node:assert/strict";
 *
 * const options: MapOptions = { length: 2 ** 20, noReserve: true };
 * using memory = map(null, options);
 * assert.equal(memory.length, 1_048_576);
 * ```
 */
export interface MapOptions {
  /** Where in the file to start, in bytes; any place will do. The beginning by default. */
  readonly offset?: number | bigint;
  /**
   * How many bytes. By default all to the end of the file, as it is now; what has no end, such as
   * memory and devices, needs a number.
   */
  readonly length?: number | bigint;
  /**
   * What the memory is for. To `read` a file, which is the default, it is mapped such that a page
   * which is written by mistake becomes a copy of this mapping's own: neither file nor program come
   * to harm. With `readWrite`, writes are meant; memory without a file always is so.
   */
  readonly protection?: "read" | "readWrite";
  /**
   * Whether what is written goes to the file, and everyone who has mapped it sees it: `MAP_SHARED`,
   * the default for a file. Otherwise it stays with this mapping, `MAP_PRIVATE`.
   */
  readonly shared?: boolean;
  /** Whether to read or prepare all pages now, and not when each is first touched: `MAP_POPULATE`. */
  readonly populate?: boolean;
  /** Whether to promise more memory than there may be: `MAP_NORESERVE`. */
  readonly noReserve?: boolean;
  /** Huge pages of so many bytes for memory without a file, `MAP_HUGETLB`: a power of two. */
  readonly hugePages?: number;
  /** Whether to keep all pages in memory, as `lock` of a mapping does. */
  readonly locked?: boolean;
  /** Whether to refuse a file that could become shorter: only a memfd can be sealed against that. */
  readonly sealed?: boolean;
}

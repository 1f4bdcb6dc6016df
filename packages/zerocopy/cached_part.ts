import { libc, SYS_cachestat } from "./libc.ts";
import { Words } from "./offset.ts";

/** A `struct cachestat_range`, and the `struct cachestat` that answers; no call keeps them. */
const range = new Words(2);
const counts = new Uint32Array(10);
let page = 0;

/**
 * How much of a part of a file has pages in memory, be they filled or just being read, cachestat(2);
 * `null` if it has none, or the kernel does not say: before Linux 6.5, of overlayfs, or of a file
 * that is neither ours nor open for writing.
 *
 * @param length How many bytes, at least 1
 */
export function cachedPart(
  fd: number,
  offset: number | bigint,
  length: number,
): "all" | "some" | null {
  range.set(0, offset);
  range.set(1, length);
  page ||= libc.getpagesize();
  const before = typeof offset === "number" ? offset % page : Number(offset % BigInt(page));
  const all = Math.ceil((before + length) / page);
  let cached = countPages(fd);
  // Linux 6.18 was seen to count too few now and then; asked again, it was right.
  if (0 < cached && cached < all) cached = countPages(fd);
  if (cached === 0) return null;
  return cached >= all ? "all" : "some";
}

/** How many pages of the range are in memory; 0 if the kernel does not say. */
function countPages(fd: number): number {
  if (libc.syscall$cachestat(SYS_cachestat, fd, range.halves, counts, 0) !== 0) return 0;
  return counts[0]; // the lower half: no part has 2 ** 32 pages
}

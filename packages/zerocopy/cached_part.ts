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
  if (libc.syscall$cachestat(SYS_cachestat, fd, range.halves, counts, 0) !== 0) return null;
  const cached = counts[0]; // the lower half: no part has 2 ** 32 pages
  if (cached === 0) return null;
  page ||= libc.getpagesize();
  const before = typeof offset === "number" ? offset % page : Number(offset % BigInt(page));
  return cached >= Math.ceil((before + length) / page) ? "all" : "some";
}

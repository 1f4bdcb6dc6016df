import type { AsFd } from "./as_fd.ts";
import { read } from "./read.ts";

/** Reads one 64-bit count: a number where that is exact, else a bigint; `null` if there is none. */
export function readCount(fd: AsFd): number | bigint | null {
  const count = new BigUint64Array(1);
  if (read(fd, count) === null) return null;
  return count[0] <= Number.MAX_SAFE_INTEGER ? Number(count[0]) : count[0];
}

import { MAX_RW_COUNT, requireInteger64 } from "@posixly/sys";

/** How many bytes one call shall move: what was asked for, but no more than the kernel does. */
export function countOf(length: number | bigint): number {
  return Math.min(Number(requireInteger64(length, "length")), MAX_RW_COUNT);
}

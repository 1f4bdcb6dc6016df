import { ok, toAddress } from "@posixly/sys";
import { libc, MREMAP_DONTUNMAP, MREMAP_FIXED, MREMAP_MAYMOVE } from "./libc.ts";
import type { Region } from "./region.ts";

/** NULL: wherever there is room. */
export const ANYWHERE = toAddress(0);

/**
 * Moves what is mapped in a region to another one of so many bytes. The old one stays occupied, so
 * that nobody else's memory can come to lie where somebody still looks.
 */
export function move(from: Region, length: number): Region {
  const keep = MREMAP_MAYMOVE | MREMAP_DONTUNMAP;
  const address = ok(
    libc.mremap(from.address, from.length, from.length, keep, ANYWHERE),
    "mremap",
  );
  // At the new place nobody looks yet, and the kernel may move it again as it likes.
  const resized = libc.mremap(address, from.length, length, MREMAP_MAYMOVE, ANYWHERE);
  if (resized < 0) moveBack({ address, length: from.length }, from);
  return { address: ok(resized, "mremap"), length };
}

/** Undoes {@linkcode move}. */
export function moveBack(moved: Region, to: Region): void {
  const there = MREMAP_MAYMOVE | MREMAP_FIXED;
  libc.mremap(moved.address, moved.length, to.length, there, to.address);
}

import { setTimeout } from "node:timers";
import { advise, type AsFd, fdOf } from "@posixly/fd";
import { unlessAborted } from "@posixly/mux";
import { addressOf, errno } from "@posixly/sys";
import { iovec, libc, RWF_NOWAIT } from "./libc.ts";
import { after } from "./offset.ts";

/** How far apart the looks into a file are: what a kernel reads ahead in one go, by default. */
const STRIDE = 131_072;

/** How far apart they are once a page was missing: then any may be. */
const PAGE = 4096;

/** How long a disk is waited for that brings nothing at all, in milliseconds. */
const PATIENCE = 1000;

/** Where a look reads to, and the `struct iovec` that says so: no two are ever under way. */
const sample = new Uint8Array(1);
let vector: Uint8Array | undefined;

/**
 * Keeps calls that need a file from stopping the whole thread for a disk.
 *
 * A look tells whether a page is in memory. If it is not, the kernel is asked to read it, which it
 * does by itself; since nothing tells when it has, we look again after 1 ms, 2 ms, 4 ms and so
 * on, and from anew whenever there was progress. A file system that cannot say what is in memory,
 * or that brings nothing there, is not waited for.
 */
export class Warmth {
  readonly #file: AsFd;
  #step = STRIDE;

  constructor(file: AsFd) {
    this.#file = file;
  }

  /** Waits until a part of the file is in memory. */
  async of(offset: number | bigint, length: number, signal?: AbortSignal): Promise<void> {
    let delay = 1;
    let cold = this.#cold(offset, length);
    while (cold < length && delay < PATIENCE) {
      this.#step = PAGE;
      advise(this.#file, "willNeed", { offset: after(offset, cold), length: length - cold });
      await unlessAborted(pause(delay), signal);
      const next = this.#cold(offset, length);
      delay = next > cold ? 1 : delay * 2;
      cold = next;
    }
  }

  /** Where in a part of the file a page is not in memory; its length if all are. */
  #cold(offset: number | bigint, length: number): number {
    const fd = fdOf(this.#file);
    vector ??= iovec.encode({ iov_base: addressOf(sample), iov_len: 1 });
    for (let at = 0; at < length; at += this.#step) {
      const n = libc.preadv2(fd, vector, 1, after(offset, at), RWF_NOWAIT);
      if (n === -errno.EAGAIN) return at;
      // The end of the file; or who cannot say, and the call itself will meet whatever is wrong.
      if (n <= 0 && n !== -errno.EINTR) break;
    }
    return length;
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, milliseconds));
}

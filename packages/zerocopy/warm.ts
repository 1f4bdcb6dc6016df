import { performance } from "node:perf_hooks";
import { setTimeout } from "node:timers";
import { advise, type AsFd, fdOf } from "@posixly/fd";
import { unlessAborted } from "@posixly/mux";
import { addressOf, errno } from "@posixly/sys";
import { cachedPart } from "./cached_part.ts";
import { iovec, libc, RWF_NOWAIT, SYS_preadv2 } from "./libc.ts";
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

/** How long what was found in memory is taken to be there still, in milliseconds. */
const TRUST = 1000;

/** A part of a file that was found in memory, piece by piece. */
interface Found {
  readonly from: number | bigint;
  to: number | bigint;
  /** When the first piece was, on the clock of `performance.now`. */
  readonly at: number;
}

const found = new WeakMap<object, Found>();

/** Files of file systems that cannot say, such as memory itself: they are not asked again. */
const silent = new WeakSet<object>();

/**
 * Keeps calls that need a file from stopping the whole thread for a disk.
 *
 * A look tells whether a page is in memory; where the kernel counts the pages of a part, one look
 * is enough. If it is not, the kernel is asked to read it, which it does by itself; since nothing
 * tells when it has, we look again after 1 ms, 2 ms, 4 ms and so on, and from anew whenever there was
 * progress. What was in memory a moment ago is not looked for again. A file system that cannot say
 * what is in memory, or that brings nothing there, is not waited for.
 */
export class Warmth {
  readonly #file: AsFd;
  #step = STRIDE;
  /** Where the last look found the first page missing; -1 if it found none. */
  #missing = -1;
  #delay = 0;

  constructor(file: AsFd) {
    this.#file = file;
  }

  /** What to await until a part of the file is in memory; nothing if it is. */
  of(offset: number | bigint, length: number, signal?: AbortSignal): Promise<void> | undefined {
    const delay = this.delayOf(offset, length);
    return delay === 0 ? undefined : this.#wait(delay, offset, length, signal);
  }

  async #wait(
    delay: number,
    offset: number | bigint,
    length: number,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    for (; delay > 0; delay = this.delayOf(offset, length)) {
      await unlessAborted(pause(delay), signal);
    }
  }

  /**
   * After how many milliseconds to look again whether a part of the file is in memory; 0 if it is,
   * or if it is no use to wait any longer.
   */
  delayOf(offset: number | bigint, length: number): number {
    if (this.#wasFound(offset, length)) return 0;
    const missing = this.#missingFrom(offset, length);
    if (missing === length) this.#remember(offset, length);
    this.#delay = missing > this.#missing ? 1 : this.#delay * 2;
    if (missing === length || this.#delay >= PATIENCE) {
      this.#missing = -1;
      return 0;
    }
    this.#missing = missing;
    this.#step = PAGE;
    const part = { offset: after(offset, missing), length: length - missing };
    advise(this.#file, "willNeed", part);
    return this.#delay;
  }

  /** Whether it was in memory just now: files that are sent often are asked about seldom. */
  #wasFound(offset: number | bigint, length: number): boolean {
    const last = this.#lastFound();
    return last !== undefined && last.from <= offset && after(offset, length) <= last.to;
  }

  /** What follows upon the part that was found before becomes a piece of it. */
  #remember(offset: number | bigint, length: number): void {
    if (typeof this.#file !== "object") return;
    const last = this.#lastFound();
    const to = after(offset, length);
    if (last === undefined || offset < last.from || offset > last.to) {
      found.set(this.#file, { from: offset, to, at: performance.now() });
    } else if (to > last.to) {
      last.to = to;
    }
  }

  /** The part that was found before, for as long as that counts. */
  #lastFound(): Found | undefined {
    const last = typeof this.#file === "object" ? found.get(this.#file) : undefined;
    return last !== undefined && performance.now() - last.at < TRUST ? last : undefined;
  }

  /** Where in a part of the file a page is not in memory; its length if all are. */
  #missingFrom(offset: number | bigint, length: number): number {
    if (typeof this.#file === "object" && silent.has(this.#file)) return length;
    const fd = fdOf(this.#file);
    vector ??= iovec.encode({ iov_base: addressOf(sample), iov_len: 1 });
    const cached = this.#missing === -1 && length > PAGE ? cachedPart(fd, offset, length) : null;
    if (cached === "some") this.#step = PAGE;
    // What is just being read counts as well. It is read in order, so that a look at its end tells.
    for (let at = cached === "all" ? length - 1 : 0; at < length; at += this.#step) {
      const n = libc.syscall$preadv2(SYS_preadv2, fd, vector, 1, after(offset, at), 0, RWF_NOWAIT);
      if (n === -errno.EAGAIN) return at;
      if (n === -errno.EOPNOTSUPP && typeof this.#file === "object") silent.add(this.#file);
      // The end of the file; or who cannot say, and the call itself will meet whatever is wrong.
      if (n <= 0 && n !== -errno.EINTR) break;
    }
    return length;
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, milliseconds));
}

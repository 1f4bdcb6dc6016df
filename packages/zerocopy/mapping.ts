import {
  addressAfter,
  type Bytes,
  ok,
  oneOf,
  requireBoolean,
  requireBytes,
  requireInteger,
  requireKnown,
  retry,
} from "@posixly/sys";
import {
  libc,
  MADV_DONTNEED,
  MADV_POPULATE_READ,
  MLOCK_ONFAULT,
  MS_ASYNC,
  MS_SYNC,
} from "./libc.ts";
import type { MappedFile } from "./mapped_file.ts";
import { boundsOf, type MappedRange } from "./mapped_range.ts";
import { type MemoryAdvice, memoryAdvices } from "./memory_advice.ts";
import { move, moveBack } from "./move.ts";
import { isThere, peek } from "./peek.ts";
import type { Place } from "./place.ts";
import { pagesAround, pagesWithin, type Region, roundUp, View } from "./region.ts";
import { residentBytes } from "./resident.ts";

/**
 * What of a mapping to write out, and whether to wait, see {@linkcode Mapping.flush}.
 *
 * @example Usage
 * ```ts
 * import { type FlushOptions, map } from "@posixly/zerocopy";
 *
 * const soon: FlushOptions = { async: true };
 * using memory = map(null, { length: 4096 });
 * memory.flush(soon);
 * ```
 */
export interface FlushOptions extends MappedRange {
  /** Whether to begin only, and not to wait until it is stored: `MS_ASYNC`. */
  readonly async?: boolean;
}

/**
 * A file, or a part of it, that is there as memory, or memory alone; see {@linkcode map}.
 *
 * After it is closed, its `bytes` can do no harm, whoever still has them: they are empty or zeros.
 * Never transfer their buffer to somebody else.
 *
 * @example Usage
 * ```ts
 * import { memfd, pread, truncate } from "@posixly/fd";
 * import { map } from "@posixly/zerocopy";
 * import assert from "node:assert/strict";
 *
 * using file = memfd("example");
 * truncate(file, 100);
 *
 * using mapping = map(file, { protection: "readWrite" });
 * mapping.bytes[99] = 7;
 * const last = new Uint8Array(1);
 * pread(file, last, 99);
 * assert.equal(last[0], 7);
 * ```
 */
export class Mapping implements Disposable {
  #bytes: Uint8Array<ArrayBuffer> | undefined;
  #view: View | undefined;
  readonly #file: MappedFile | undefined;
  readonly #shift: number;
  readonly #unit: number;
  readonly #isReadOnly: boolean;

  /**
   * Made by {@linkcode map} alone.
   *
   * @param place Where it is
   */
  constructor({ view, file, shift, unit, isReadOnly }: Place) {
    this.#view = view;
    this.#file = file;
    this.#bytes = view?.bytes ?? new Uint8Array(0);
    this.#shift = shift;
    this.#unit = unit;
    this.#isReadOnly = isReadOnly;
  }

  /**
   * The memory. It is the same view every time until the mapping is resized: ask once and keep it
   * where speed matters. Its `byteOffset` is not 0 if the mapping begins within a page.
   *
   * @throws {Error} If the mapping was closed
   */
  get bytes(): Uint8Array<ArrayBuffer> {
    if (this.#bytes === undefined) throw new Error("Cannot use a mapping that was closed");
    return this.#bytes;
  }

  /**
   * How many bytes there are.
   *
   * @throws {Error} If the mapping was closed
   */
  get length(): number {
    // That of the view is 0 if somebody has transferred its buffer.
    return this.bytes.length;
  }

  /** Whether it was closed. */
  get closed(): boolean {
    return this.#bytes === undefined;
  }

  /**
   * Ends the mapping, so that neither file nor memory are in use any more. What was written
   * to a shared one is not lost, but not stored yet either: see {@linkcode flush}. Once is enough:
   * closing again does nothing.
   *
   * @throws {SyscallError} `ENOMEM` if the kernel has no memory left to do so; it stays open then
   */
  close(): void {
    this.#view?.close();
    this.#view = undefined;
    this.#bytes = undefined;
  }

  /** Closes the mapping at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  /**
   * Copies bytes out by way of the kernel, process_vm_readv(2). To touch memory that the file no
   * longer has, or that cannot be read from its device, would end the process; this stops before.
   *
   * @param into Where the bytes go, from its beginning
   * @param offset Where in the mapping to start
   * @returns How many bytes were copied: fewer than asked for at the end of the mapping, or where
   * nothing can be read
   * @throws {SyscallError} `ENOSYS` or `EPERM` if a sandbox does not allow it
   * @throws {TypeError | RangeError} If `into` is no buffer, or `offset` beyond the end
   * @throws {Error} If the mapping was closed
   */
  read(into: Bytes, offset = 0): number {
    const [from, to] = boundsOf({ offset }, this.length);
    const length = Math.min(requireBytes(into, "into").byteLength, to - from);
    if (this.#view === undefined || length === 0) return 0;
    return peek(addressAfter(this.#view.region.address, this.#shift + from), into, length);
  }

  /**
   * Whether all of it can be touched at this moment. A file that somebody has made shorter
   * since is one that it cannot: its missing pages would end the process.
   *
   * @returns Whether its last byte is there
   * @throws {SyscallError} `ENOSYS` or `EPERM` if a sandbox does not allow to ask
   * @throws {Error} If the mapping was closed
   */
  isWhole(): boolean {
    const { length } = this;
    if (this.#view === undefined) return true;
    return isThere(addressAfter(this.#view.region.address, this.#shift + length - 1));
  }

  /**
   * Waits until what was written to a shared mapping is stored, msync(2). That blocks the thread, as
   * `fsync` does.
   *
   * @param options What part of it, and whether to wait; all by default
   * @throws {SyscallError} `EIO` or `ENOSPC` if it could not be stored
   * @throws {TypeError | RangeError} If the range is none
   * @throws {Error} If the mapping was closed
   */
  flush(options: FlushOptions = {}): void {
    requireKnown(options, ["async", "offset", "length"]);
    const { async, ...range } = options;
    const how = requireBoolean(async, "async") ? MS_ASYNC : MS_SYNC;
    const pages = this.#around(range);
    if (pages) ok(retry(() => libc.msync(pages.address, pages.length, how)), "msync");
  }

  /**
   * Tells the kernel how the memory is going to be used, madvise(2).
   *
   * @param advice What is going to be done with it
   * @param range With what part of it; with all by default
   * @throws {SyscallError} `EINVAL` if the kernel knows no such advice, or it does not fit to what
   * is mapped; `EFAULT` if it cannot be populated; `ENOMEM` if memory ran out
   * @throws {TypeError | RangeError} If there is no such advice, or the range is none
   * @throws {Error} If the mapping was closed
   */
  advise(advice: MemoryAdvice, range: MappedRange = {}): void {
    const number = oneOf(memoryAdvices, advice, "advice");
    // Of a page that is only in part meant, the rest must not be lost.
    const pages = number === MADV_DONTNEED ? this.#within(range) : this.#around(range);
    if (pages) ok(retry(() => libc.madvise(pages.address, pages.length, number)), "madvise");
  }

  /**
   * Keeps pages in memory until they are unlocked or the mapping is closed or resized, mlock(2).
   *
   * @param range What part of it; all by default
   * @throws {SyscallError} `ENOMEM` if more would be locked than `RLIMIT_MEMLOCK` allows, or the
   * file is shorter; `EPERM` if nothing may be locked; `EAGAIN` if not all could be read in
   * @throws {TypeError | RangeError} If the range is none
   * @throws {Error} If the mapping was closed
   */
  lock(range: MappedRange = {}): void {
    const pages = this.#around(range);
    if (!pages) return;
    const { address, length } = pages;
    if (!this.#isReadOnly) return void ok(retry(() => libc.mlock(address, length)), "mlock");
    // To lock pages that could be written is to have them copied; so they are locked as they come.
    ok(libc.mlock2(address, length, MLOCK_ONFAULT), "mlock2");
    libc.madvise(address, length, MADV_POPULATE_READ);
  }

  /**
   * Undoes {@linkcode lock}, munlock(2).
   *
   * @param range Of what part; of all by default
   * @throws {SyscallError} `ENOMEM` if the kernel has no memory to keep note of it
   * @throws {TypeError | RangeError} If the range is none
   * @throws {Error} If the mapping was closed
   */
  unlock(range: MappedRange = {}): void {
    const pages = this.#around(range);
    if (pages) ok(libc.munlock(pages.address, pages.length), "munlock");
  }

  /**
   * How much is in memory, so that no device has to be asked for it, mincore(2). Of a file that
   * this process may not write, the kernel says that all is.
   *
   * @param range In what part; in all by default
   * @returns How many bytes, counted by pages
   * @throws {SyscallError} `EAGAIN` or `ENOMEM` if memory ran out
   * @throws {TypeError | RangeError} If the range is none
   * @throws {Error} If the mapping was closed
   */
  resident(range: MappedRange = {}): number {
    const pages = this.#around(range);
    return pages ? residentBytes(pages) : 0;
  }

  /**
   * Makes the mapping longer or shorter, mremap(2), with the bytes it has. They get a new place, and
   * so `bytes` is another view from now on; the old one is dead, as after closing. Advice and locks
   * should be given anew.
   *
   * A file has to be long enough before. Where it ends is known to the byte while its descriptor is
   * open, and to the page after that.
   *
   * @param length How many bytes it shall have, at least 1
   * @throws {SyscallError} `ENOMEM` if there is no room; `EINVAL` for huge pages, and before Linux
   * 5.13; `EFAULT` if a part was advised or locked and another not; `EAGAIN` if it is locked, and
   * more would be than is allowed
   * @throws {TypeError | RangeError} If `length` is no such number, or the file ends before
   * @throws {Error} If the mapping was closed, or has no bytes
   */
  resize(length: number): void {
    requireInteger(length, "length", 1, Number.MAX_SAFE_INTEGER);
    const { bytes } = this;
    const old = this.#view;
    if (old === undefined) throw new Error("Cannot resize a mapping that has no bytes: map again");
    if (length === bytes.length) return;
    const end = this.#shift + length;
    const isLonger = length > bytes.length;
    if (isLonger && this.#file !== undefined && end > this.#file.length) throw beyondFile(length);
    const region = move(old.region, roundUp(end, this.#unit));
    try {
      if (isLonger && !isThere(addressAfter(region.address, end - 1))) throw beyondFile(length);
      this.#view = new View(region, this.#shift, length);
    } catch (error) {
      moveBack(region, old.region);
      throw error;
    }
    this.#bytes = this.#view.bytes;
    old.close();
  }

  /** The pages that a part is in, if there are any. */
  #around(range: MappedRange): Region | undefined {
    return this.#pages(pagesAround, range);
  }

  /** The pages that are in a part, if there are any. */
  #within(range: MappedRange): Region | undefined {
    return this.#pages(pagesWithin, range);
  }

  #pages(which: typeof pagesAround, range: MappedRange): Region | undefined {
    const [from, to] = boundsOf(range, this.length);
    if (this.#view === undefined || from === to) return undefined;
    const pages = which(this.#view.region, this.#unit, this.#shift + from, this.#shift + to);
    return pages.length > 0 ? pages : undefined;
  }
}

function beyondFile(length: number): RangeError {
  return new RangeError(`length must be within the file, which ends before ${length}`);
}

import { type AsFd, fdOf, getFlags, pread, pwrite, type Stat, stat, truncate } from "@posixly/fd";
import { signalOf, type WaitOptions } from "@posixly/mux";
import { requireKnown } from "@posixly/sys";
import { copyBy, type CopyWay, reflink } from "./copy_ways.ts";
import { dataRanges } from "./data_ranges.ts";
import { FileTruncatedError } from "./file_truncated.ts";
import { Room } from "./room.ts";
import { isOneFile } from "./same_file.ts";
import { nextTurn } from "./turn.ts";
import { Warmth } from "./warm.ts";

/**
 * How a file is copied, and how to give up, see {@linkcode copyFile}.
 *
 * @example Usage
 * ```ts
 * import { memfd } from "@posixly/fd";
 * import { copyFile, type CopyFileOptions } from "@posixly/zerocopy";
 * import assert from "node:assert/strict";
 *
 * const shared: CopyFileOptions = { via: "reflink" }; // or not at all
 * using from = memfd("from");
 * using to = memfd("to");
 * await assert.rejects(copyFile(from, to, shared), { code: "EOPNOTSUPP" });
 * ```
 */
export interface CopyFileOptions extends WaitOptions {
  /** The only way to try, and then it is an error if it is refused; by default all, in this order. */
  readonly via?: CopyWay;
  /** Told up to where the copy has got, in bytes, holes included. */
  readonly onProgress?: (bytes: number) => void;
}

/**
 * What was copied, see {@linkcode copyFile}.
 *
 * @example Usage
 * ```ts
 * import { memfd, write } from "@posixly/fd";
 * import { type Copied, copyFile } from "@posixly/zerocopy";
 * import assert from "node:assert/strict";
 *
 * using from = memfd("from");
 * using to = memfd("to");
 * write(from, new Uint8Array(10));
 * const { bytes, path }: Copied = await copyFile(from, to);
 * assert.deepEqual([bytes, path], [10, "copy_file_range"]);
 * ```
 */
export interface Copied {
  /** How many bytes the copy has, holes included; rounded beyond 2 ** 53, where `stat` is exact. */
  readonly bytes: number;
  /** Which way they went; the last one if an earlier one was refused half-way. */
  readonly path: CopyWay;
}

/** How much is copied before others have their turn. */
const CHUNK = 2 ** 22;

/** The ways that move bytes, the best first. */
const ladder = ["copy_file_range", "sendfile", "readwrite"] as const;

/**
 * Makes one file a copy of another: its blocks are shared where the file system can (`FICLONE`), or
 * else copied by copy_file_range(2), by sendfile(2), or read and written, whichever is not refused;
 * `path` says which. Holes stay holes. Neither position is used or moved.
 *
 * The copy goes on in pieces between which everything else in the thread has its turn, and a page that
 * is not in memory is waited for beside it. Only where so much was written that the kernel makes
 * writers wait for the disk, that is waited for here. On ext4 each piece has its room before it is
 * written; a copy that fails gives back what it did not use.
 *
 * @param from The file, open for reading
 * @param to What becomes its copy, open for writing: a regular file, and not the same one. What it
 * held is lost
 * @param options Which way, and how to give up
 * @returns Resolves when all is copied, which does not mean that it is stored
 * @throws {FileTruncatedError} If `from` becomes shorter meanwhile
 * @throws {SyscallError} `ENOSPC`, `EDQUOT` or `EFBIG` if there is no room; `EBADF` if one is not open
 * for that; `EIO`; with `via`, whatever that is refused with
 * @throws {TypeError} If both are the same file, `to` is no regular file or open for appending, or an
 * option is not as described
 * @throws The signal's reason, or a `TimeoutError`. After any error `to` holds a part
 *
 * @example A file with a hole
 * ```ts
 * import { memfd, pwrite, stat } from "@posixly/fd";
 * import { copyFile } from "@posixly/zerocopy";
 * import assert from "node:assert/strict";
 *
 * using from = memfd("from");
 * using to = memfd("to");
 * pwrite(from, new Uint8Array(4096), 2 ** 40); // after a hole of 1 TiB
 * const { bytes } = await copyFile(from, to);
 * assert.equal(bytes, 2 ** 40 + 4096);
 * assert.equal(stat(to).blocks, stat(from).blocks);
 * ```
 */
export async function copyFile(
  from: AsFd,
  to: AsFd,
  options: CopyFileOptions = {},
): Promise<Copied> {
  requireKnown(options, ["via", "onProgress", "signal", "timeout"]);
  const { via, onProgress, signal, timeout } = options;
  if (via !== undefined && via !== "reflink" && !ladder.includes(via)) {
    throw new TypeError(`via must be one of reflink, ${ladder.join(", ")}, not ${String(via)}`);
  }
  if (onProgress !== undefined && typeof onProgress !== "function") {
    throw new TypeError("onProgress must be a function");
  }
  const either = signalOf({ signal, timeout });
  either?.throwIfAborted();
  const [source, target] = requireTwoFiles(from, to);
  const size = BigInt(source.size);

  if (via === undefined || via === "reflink") {
    if (reflink(from, to, via !== undefined)) {
      requireUncut(from, size, BigInt(stat(from).size));
      truncate(to, size); // which may have been longer
      onProgress?.(Number(size));
      return { bytes: Number(size), path: "reflink" };
    }
  }
  const ways: CopyWay[] = via === undefined ? [...ladder] : [via];
  // What it held would shine through the holes. If that is nothing it is left alone: ext4 has what
  // was truncated written to the disk when it is closed, which takes longer than the copy.
  if (target.size > 0) truncate(to, 0);
  const bytes = await copyRanges(from, to, size, ways, either, onProgress);
  return { bytes: Number(bytes), path: ways[0] };
}

/** Copies what is no hole; a way that is refused is taken off the ladder. Tells where it ended. */
async function copyRanges(
  from: AsFd,
  to: AsFd,
  size: bigint,
  ways: CopyWay[],
  signal: AbortSignal | undefined,
  onProgress: ((bytes: number) => void) | undefined,
): Promise<bigint> {
  const warmth = new Warmth(from);
  using room = new Room(to);
  let at = 0n;
  for (const { start, end } of dataRanges(from, size)) {
    for (at = start; at < end;) {
      signal?.throwIfAborted();
      const length = Number(end - at < CHUNK ? end - at : CHUNK);
      await warmth.of(at, length, signal);
      if (end <= size) room.make(at, length, end); // so it is known where that is
      const n = copyBy(ways, from, to, length, at);
      if (n === 0) {
        requireUncut(from, size, at);
        return at; // it never said how long it is, as in /proc and /sys
      }
      at += BigInt(n);
      onProgress?.(Number(at));
      if (at !== size) await nextTurn();
    }
  }
  if (at < size) { // it ends in a hole, or has been cut
    requireUncut(from, size, at);
    truncate(to, size);
    onProgress?.(Number(size));
  }
  return size;
}

/** Checks that the file did not become shorter before all was copied. */
function requireUncut(from: AsFd, size: bigint, at: bigint): void {
  if (stat(from).size < size) throw new FileTruncatedError(Number(size), Number(at));
}

/** Checks that one file can be made a copy of the other, and tells what is known of both. */
function requireTwoFiles(from: AsFd, to: AsFd): [source: Stat, target: Stat] {
  fdOf(from, "from");
  fdOf(to, "to");
  const [source, target] = [stat(from), stat(to)];
  if (target.kind !== "file") {
    throw new TypeError(`to must be a regular file, not a ${target.kind}`);
  }
  if (source.kind !== "file") {
    throw new TypeError(`from must be a regular file, not a ${source.kind}`);
  }
  if (isOneFile(source, target)) throw new TypeError("from and to must not be the same file");
  if (getFlags(to).append) throw new TypeError("to must not be open for appending");
  // Who may not do that is told before anything is lost.
  pread(from, nothing, 0);
  pwrite(to, nothing, 0);
  return [source, target];
}

const nothing = new Uint8Array(0);

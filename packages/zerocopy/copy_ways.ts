import { type AsFd, fdOf, position, pread, pwrite, seek } from "@posixly/fd";
import { errno, ok } from "@posixly/sys";
import { copyFileRange } from "./copy_file_range.ts";
import { FICLONE, libc } from "./libc.ts";
import { sendfile } from "./sendfile.ts";

/**
 * A way to copy a file, see {@linkcode copyFile}.
 *
 * - `reflink`: both files share their blocks until one is changed; Btrfs, XFS, bcachefs, NFS
 * - `copy_file_range`: within the kernel or the server
 * - `sendfile`: within the kernel
 * - `readwrite`: by way of this program
 *
 * @example Usage
 * ```ts
 * import { memfd, write } from "@posixly/fd";
 * import { copyFile, type CopyWay } from "@posixly/zerocopy";
 * import assert from "node:assert/strict";
 *
 * const ways: CopyWay[] = ["copy_file_range", "sendfile", "readwrite"];
 * using from = memfd("from");
 * using to = memfd("to");
 * write(from, new Uint8Array(10));
 * for (const via of ways) assert.equal((await copyFile(from, to, { via })).path, via);
 * ```
 */
export type CopyWay = "reflink" | "copy_file_range" | "sendfile" | "readwrite";

/**
 * Why a call does not do with two files what another may well do: file systems, containers and
 * servers differ in how they say so.
 */
const refusals = [
  "EACCES",
  "EBADF",
  "EINVAL",
  "ENOSYS",
  "ENOTTY",
  "EOPNOTSUPP",
  "EPERM",
  "ETXTBSY",
  "EXDEV",
];

/** Makes one file share the blocks of another, ioctl_ficlone(2); `false` if that is refused. */
export function reflink(from: AsFd, to: AsFd, isOnlyWay: boolean): boolean {
  const fd = fdOf(to, "to");
  const source = fdOf(from, "from");
  try {
    let n: number;
    do n = libc.ioctl$int(fd, FICLONE, source); while (n === -errno.EINTR);
    ok(n, "ioctl", { fd });
    return true;
  } catch (error) {
    if (isOnlyWay || !isRefusal(error)) throw error;
    return false;
  }
}

/**
 * Copies some bytes by the first way that is not refused; those that were are taken off. 0 is the
 * end of the file for the last one, and a refusal for the others: so some say that they cannot.
 */
export function copyBy(
  ways: CopyWay[],
  from: AsFd,
  to: AsFd,
  length: number,
  at: bigint,
): number {
  for (;;) {
    try {
      const n = steps[ways[0] as keyof typeof steps](from, to, length, at);
      if (n > 0 || ways.length === 1) return n;
    } catch (error) {
      if (ways.length === 1 || !isRefusal(error)) throw error;
    }
    ways.shift();
  }
}

const buffer = new Uint8Array(65_536);

const steps = {
  copy_file_range(from: AsFd, to: AsFd, length: number, at: bigint): number {
    return copyFileRange(from, to, length, { fromOffset: at, toOffset: at }) ?? 0;
  },
  sendfile(from: AsFd, to: AsFd, length: number, at: bigint): number {
    const before = position(to);
    try {
      seek(to, at);
      return sendfile(to, from, length, { offset: at }) ?? 0;
    } finally {
      seek(to, before);
    }
  },
  readwrite(from: AsFd, to: AsFd, length: number, at: bigint): number {
    const part = length < buffer.length ? buffer.subarray(0, length) : buffer;
    const n = pread(from, part, at) ?? 0;
    for (let done = 0; done < n;) {
      done += pwrite(to, buffer.subarray(done, n), at + BigInt(done)) ?? 0;
    }
    return n;
  },
};

function isRefusal(error: unknown): boolean {
  return refusals.includes((error as { code?: string }).code ?? "");
}

import { bitsOf, ok, retry } from "@posixly/sys";
import { type AsFd, fdOf } from "./as_fd.ts";
import {
  libc,
  SYNC_FILE_RANGE_WAIT_AFTER,
  SYNC_FILE_RANGE_WAIT_BEFORE,
  SYNC_FILE_RANGE_WRITE,
} from "./libc.ts";
import { type FileRange, rangeOf } from "./range.ts";

/**
 * Waits until a file is stored, with its size, times and owner, fsync(2). The name of a new
 * file is stored with its directory: sync that, too.
 *
 * @param fd The file or directory
 * @throws {SyscallError} `EIO`, `ENOSPC` or `EDQUOT` if earlier writes could not be
 * stored, which is said only once; `EINVAL` if there is nothing to store, as for a
 * pipe; `EBADF` if it is not open
 *
 * @example Usage
 * ```ts
 * import { fsync, open, write } from "@posixly/fd";
 *
 * using file = open("/dev/shm", { temporary: true, write: true });
 * write(file, new Uint8Array(4));
 * fsync(file);
 * ```
 */
export function fsync(fd: AsFd): void {
  const number = fdOf(fd);
  ok(retry(() => libc.fsync(number)), "fsync", { fd: number });
}

/**
 * Waits until the bytes of a file are stored, with no more about it than is needed to
 * read them, fdatasync(2).
 *
 * @param fd The file
 * @throws {SyscallError} As {@linkcode fsync}
 *
 * @example Usage
 * ```ts
 * import { fdatasync, memfd } from "@posixly/fd";
 *
 * using file = memfd("example");
 * fdatasync(file);
 * ```
 */
export function fdatasync(fd: AsFd): void {
  const number = fdOf(fd);
  ok(retry(() => libc.fdatasync(number)), "fdatasync", { fd: number });
}

/**
 * Waits until a whole file system is stored, syncfs(2).
 *
 * @param fd Anything open on that file system
 * @throws {SyscallError} `EIO`, `ENOSPC` or `EDQUOT` if a write on it could not be stored
 * since it was opened; `EBADF` if it is not open
 *
 * @example Usage
 * ```ts
 * import { open, syncfs } from "@posixly/fd";
 *
 * using anything = open("/dev/shm");
 * syncfs(anything);
 * ```
 */
export function syncfs(fd: AsFd): void {
  const number = fdOf(fd);
  ok(retry(() => libc.syncfs(number)), "syncfs", { fd: number });
}

/**
 * What of a file to write out, and whether to wait, see {@linkcode syncFileRange}.
 *
 * @example Usage
 * ```ts
 * import { memfd, syncFileRange, type SyncFileRangeOptions } from "@posixly/fd";
 *
 * const andWait: SyncFileRangeOptions = { waitBefore: true, write: true, waitAfter: true };
 * using file = memfd("example");
 * syncFileRange(file, andWait);
 * ```
 */
export interface SyncFileRangeOptions extends FileRange {
  /** First waits for what is being written out already: `SYNC_FILE_RANGE_WAIT_BEFORE`. */
  readonly waitBefore?: boolean;
  /** Starts to write out what is not being written yet: `SYNC_FILE_RANGE_WRITE`. */
  readonly write?: boolean;
  /** At last waits for all of it: `SYNC_FILE_RANGE_WAIT_AFTER`. */
  readonly waitAfter?: boolean;
}

/**
 * Writes a part of a file out to its device, sync_file_range(2), so that a later sync has
 * little to wait for. By itself it makes nothing safe: neither the file's size is stored nor
 * the device's own cache.
 *
 * @param fd The file
 * @param options What part, and how; nothing happens unless one of the three is asked for
 * @throws {SyscallError} `EIO` or `ENOSPC` if a write could not be stored, `ESPIPE` if it is
 * neither a file, a directory, a link nor a block device, `EBADF` if it is not open
 * @throws {TypeError | RangeError} If the range is none
 *
 * @example Usage
 * ```ts
 * import { memfd, syncFileRange, write } from "@posixly/fd";
 *
 * using file = memfd("stream");
 * write(file, new Uint8Array(65536));
 * syncFileRange(file, { length: 65536, write: true });
 * ```
 */
export function syncFileRange(fd: AsFd, options: SyncFileRangeOptions): void {
  const number = fdOf(fd);
  const { offset, length, ...named } = options;
  const [from, count] = rangeOf({ offset, length });
  const flags = bitsOf(syncFlags, named, ["offset", "length"]);
  ok(
    retry(() => libc.sync_file_range(number, from, count, flags)),
    "sync_file_range",
    { fd: number },
  );
}

const syncFlags = {
  waitBefore: SYNC_FILE_RANGE_WAIT_BEFORE,
  write: SYNC_FILE_RANGE_WRITE,
  waitAfter: SYNC_FILE_RANGE_WAIT_AFTER,
};

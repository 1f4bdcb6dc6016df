import { bitsOf, cstring, fromCString, ok, oneOf, retry } from "@posixly/sys";
import { type AsFd, fdOf } from "./as_fd.ts";
import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  AT_NO_AUTOMOUNT,
  AT_STATX_DONT_SYNC,
  AT_STATX_FORCE_SYNC,
  AT_SYMLINK_NOFOLLOW,
  libc,
  statx,
  STATX_BASIC_STATS,
  STATX_BTIME,
  STATX_DIOALIGN,
  STATX_MNT_ID,
  SYS_statx,
} from "./libc.ts";
import { type Stat, toStat } from "./stat_result.ts";

/**
 * How {@linkcode stat} looks a file up.
 *
 * @example Usage
 * ```ts
 * import { stat, type StatOptions } from "@posixly/fd";
 * import assert from "node:assert/strict";
 *
 * const itself: StatOptions = { noFollow: true };
 * assert.equal(stat("/proc/self", itself).kind, "symlink");
 * ```
 */
export interface StatOptions {
  /** A directory that a relative path starts from; the working directory by default. */
  readonly dir?: AsFd;
  /** Whether to look at a symbolic link itself: `AT_SYMLINK_NOFOLLOW`. */
  readonly noFollow?: boolean;
  /** Whether to leave what is not mounted yet alone: `AT_NO_AUTOMOUNT`. */
  readonly noAutomount?: boolean;
  /**
   * Of a file on a server: `force` to ask there now, `cached` to take what is known here; by
   * default what the file system does.
   */
  readonly sync?: "force" | "cached";
}

const flags = { noFollow: AT_SYMLINK_NOFOLLOW, noAutomount: AT_NO_AUTOMOUNT };
const syncs = { force: AT_STATX_FORCE_SYNC, cached: AT_STATX_DONT_SYNC };
const wanted = STATX_BASIC_STATS | STATX_BTIME | STATX_MNT_ID | STATX_DIOALIGN;

/**
 * Asks all about a file, statx(2).
 *
 * @param file A descriptor, or a path as text or as bytes
 * @param options How to look a path up
 * @returns What is known
 * @throws {SyscallError} `EBADF` if the descriptor is not open; `ENOENT`, `EACCES`, `ELOOP` or
 * `ENOTDIR` if the path leads nowhere
 * @throws {TypeError} If it is neither a descriptor nor a path, or the path holds a NUL
 *
 * @example Usage
 * ```ts
 * import { memfd, stat, write } from "@posixly/fd";
 * import assert from "node:assert/strict";
 *
 * using file = memfd("example");
 * write(file, new Uint8Array(1000));
 * const { kind, size, modified } = stat(file);
 * assert.equal(kind, "file");
 * assert.equal(size, 1000);
 * assert.ok(Date.now() / 1000 - Number(modified.seconds) < 60);
 * ```
 */
export function stat(file: AsFd | string | Uint8Array, options: StatOptions = {}): Stat {
  const { dir, sync, ...named } = options;
  const whether = sync === undefined ? 0 : oneOf(syncs, sync, "sync");
  const how = bitsOf(flags, named, ["dir", "sync"]) | whether;
  const result = new Uint8Array(statx.size);
  if (typeof file === "string" || file instanceof Uint8Array) {
    const from = dir === undefined ? AT_FDCWD : fdOf(dir, "dir");
    const path = cstring(file, "path");
    const n = retry(() => libc.syscall$statx(SYS_statx, from, path, how, wanted, result));
    ok(n, "statx", { path: fromCString(path) });
  } else {
    const fd = fdOf(file, "file");
    const all = how | AT_EMPTY_PATH;
    const n = retry(() => libc.syscall$statx(SYS_statx, fd, NO_PATH, all, wanted, result));
    ok(n, "statx", { fd });
  }
  return toStat(result);
}

const NO_PATH = cstring("");

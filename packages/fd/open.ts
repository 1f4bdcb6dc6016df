import { cstring, errno, fromCString, ok, okSince, requireInteger, retry } from "@posixly/sys";
import { fdOf } from "./as_fd.ts";
import {
  AT_FDCWD,
  libc,
  O_CREAT,
  O_DIRECTORY,
  O_TMPFILE,
  openHow,
  RESOLVE_CACHED,
  SYS_openat2,
} from "./libc.ts";
import { flagsOf, type OpenOptions, resolutionOf } from "./open_options.ts";
import { OwnedFd } from "./owned_fd.ts";

/**
 * Opens a file, openat(2), or openat2(2) if `resolve` is given. It is close-on-exec,
 * and a terminal never becomes the one that controls the process.
 *
 * A FIFO makes the whole thread wait for the other end, unless `nonBlocking` is given.
 *
 * @param path The file, as text or as bytes
 * @param options What for, and how; for reading by default
 * @returns The descriptor
 * @throws {SyscallError} `ENOENT`, `EACCES`, `EEXIST`, `EISDIR`, `ELOOP`, `EMFILE` and
 * others of open(2); `EXDEV` if the path leads where `resolve` forbids; `EAGAIN` if
 * something was renamed while it was resolved, then try again; `ENOSYS` if `resolve` is
 * given and Linux is older than 5.6
 * @throws {TypeError} If the path holds a NUL, or if `truncate` or `temporary` is given
 * without `write`
 * @throws {RangeError} If `mode` is out of range
 *
 * @example Usage
 * ```ts
 * import { open, pread, write } from "@posixly/fd";
 * import assert from "node:assert/strict";
 *
 * using file = open("/dev/shm", { temporary: true, read: true, write: true });
 * write(file, new TextEncoder().encode("no name"));
 *
 * const buffer = new Uint8Array(2);
 * pread(file, buffer, 0);
 * assert.equal(new TextDecoder().decode(buffer), "no");
 * ```
 */
export function open(path: string | Uint8Array, options: OpenOptions = {}): OwnedFd {
  const { resolve, ...rest } = options;
  const context = { path: pathOf(path) };
  return new OwnedFd(
    resolve === undefined
      ? ok(openat(path, rest), "openat", context)
      : okSince("5.6", openat2(path, rest, resolutionOf(resolve)), "openat2", context),
  );
}

/**
 * Opens a file if that takes no waiting for a disk or a server, `RESOLVE_CACHED` of openat2(2).
 *
 * @param path The file, as text or as bytes
 * @param options What for, and how; for reading by default
 * @returns The descriptor; `null` if it would block, as is always said of `create`, `truncate`
 * and `temporary`
 * @throws {SyscallError} As {@linkcode open} with `resolve`, but for `EAGAIN`; `EINVAL` if Linux
 * is older than 5.12
 * @throws {TypeError | RangeError} As {@linkcode open}
 *
 * @example Usage
 * ```ts
 * import { open, openCached } from "@posixly/fd";
 * import assert from "node:assert/strict";
 *
 * open("/dev/null").close(); // now the way is known
 * using file = openCached("/dev/null");
 * assert.ok(file);
 * assert.equal(openCached("/tmp/new", { write: true, create: true }), null);
 * ```
 */
export function openCached(path: string | Uint8Array, options: OpenOptions = {}): OwnedFd | null {
  const { resolve = {}, ...rest } = options;
  const fd = openat2(path, rest, resolutionOf(resolve) | RESOLVE_CACHED);
  if (fd === -errno.EAGAIN) return null;
  return new OwnedFd(okSince("5.6", fd, "openat2", { path: pathOf(path) }));
}

/** The path as text, for an error. */
function pathOf(path: string | Uint8Array): string {
  return typeof path === "string" ? path : fromCString(cstring(path, "path"));
}

type FileOptions = Omit<OpenOptions, "resolve">;

/** openat(2): the number of a descriptor, or `-errno`. */
function openat(path: string | Uint8Array, options: FileOptions): number {
  const { name, from, flags, mode } = checked(path, options);
  return retry(() => libc.openat(from, name, flags, mode));
}

/** openat2(2): the number of a descriptor, or `-errno`. */
function openat2(path: string | Uint8Array, options: FileOptions, resolve: number): number {
  const { name, from, flags, mode } = checked(path, options);
  // A mode that means nothing is EINVAL.
  const how = openHow.encode({ flags, mode: makesFile(flags) ? mode : 0, resolve });
  return retry(() => libc.syscall$openat2(SYS_openat2, from, name, how, how.length));
}

function checked(path: string | Uint8Array, { dir, mode = 0o666, ...named }: FileOptions) {
  return {
    name: cstring(path, "path"),
    from: dir === undefined ? AT_FDCWD : fdOf(dir, "dir"),
    flags: flagsOf(named),
    mode: requireInteger(mode, "mode", 0, 0o7777),
  };
}

/** Whether a mode means anything. `O_TMPFILE` holds `O_DIRECTORY`, which alone makes nothing. */
function makesFile(flags: number): boolean {
  return (flags & (O_CREAT | O_TMPFILE & ~O_DIRECTORY)) !== 0;
}

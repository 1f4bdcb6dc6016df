import { cstring, errno, fromCString, ok, requireInteger } from "@posixly/sys";
import { fdOf } from "./as_fd.ts";
import { AT_FDCWD, libc, O_CREAT, O_DIRECTORY, O_TMPFILE, openHow, SYS_openat2 } from "./libc.ts";
import { flagsOf, type OpenOptions, resolutionOf } from "./open_options.ts";
import { OwnedFd } from "./owned_fd.ts";
import { retry } from "./retry.ts";
import { okSince } from "./since.ts";

/**
 * Opens a file, openat(2), or openat2(2) if `resolve` is given. It is close-on-exec,
 * and a terminal never becomes the one that controls the process.
 *
 * A FIFO makes the whole thread wait for the other end, unless `nonBlocking` is given.
 *
 * @param path The file, as text or as bytes
 * @param options What for, and how; for reading by default
 * @returns The descriptor; `null` only if `resolve.cached` is given and it would block
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
export function open(
  path: string | Uint8Array,
  options: OpenOptions & { readonly resolve: { readonly cached: true } },
): OwnedFd | null;
export function open(path: string | Uint8Array, options?: OpenOptions): OwnedFd;
export function open(path: string | Uint8Array, options: OpenOptions = {}): OwnedFd | null {
  const { dir, mode = 0o666, resolve, ...named } = options;
  const name = cstring(path, "path");
  const from = dir === undefined ? AT_FDCWD : fdOf(dir, "dir");
  const bits = flagsOf(named);
  requireInteger(mode, "mode", 0, 0o7777);
  const context = { path: fromCString(name) };

  if (resolve === undefined) {
    const fd = retry(() => libc.openat(from, name, bits, mode));
    return new OwnedFd(ok(fd, "openat", context));
  }
  const how = openHow.encode({
    flags: bits,
    mode: makesFile(bits) ? mode : 0, // or it is EINVAL
    resolve: resolutionOf(resolve),
  });
  const fd = retry(() => libc.syscall$openat2(SYS_openat2, from, name, how, how.length));
  if (fd === -errno.EAGAIN && resolve.cached) return null;
  return new OwnedFd(okSince("5.6", fd, "openat2", context));
}

/** Whether a mode means anything. `O_TMPFILE` holds `O_DIRECTORY`, which alone makes nothing. */
function makesFile(flags: number): boolean {
  return (flags & (O_CREAT | O_TMPFILE & ~O_DIRECTORY)) !== 0;
}

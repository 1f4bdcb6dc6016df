import { cstring, errno, fromCString, ok, requireKnown, retry } from "@posixly/sys";
import { type AsFd, fdOf } from "./as_fd.ts";
import {
  AT_FDCWD,
  AT_SYMLINK_NOFOLLOW,
  dirent64,
  libc,
  statx,
  STATX_TYPE,
  SYS_getdents64,
  SYS_statx,
} from "./libc.ts";
import { seek } from "./seek.ts";

/** The most that a link can say: a page. */
const LINK_SIZE = 4096;

/**
 * The names in a directory, readdir(3), without `.` and `..`. Read through a descriptor, it is
 * always the directory that was opened, whatever its path leads to by now. What comes and goes while
 * it is read may be there or not.
 *
 * @param directory The directory, opened with `directory: true`
 * @returns The names, in the order of the kernel; what is not UTF-8 is replaced
 * @throws {SyscallError} `ENOTDIR` if it is none, or `ESPIPE` if it is a pipe or a socket; `ENOENT`
 * if it was removed; `EBADF` if it is not open or was opened with `pathOnly`
 *
 * @example Usage
 * ```ts
 * import { open, readDirectory } from "@posixly/fd";
 * import assert from "node:assert/strict";
 *
 * using directory = open("/proc/self", { directory: true });
 * assert.ok(readDirectory(directory).includes("status"));
 * ```
 */
export function readDirectory(directory: AsFd): string[] {
  const fd = fdOf(directory);
  const names: string[] = [];
  const bytes = new Uint8Array(32 * 1024);
  const data = new DataView(bytes.buffer);
  const fill = () => libc.syscall$getdents64(SYS_getdents64, fd, bytes, bytes.length);
  seek(fd, 0); // where another reader has left it is nobody's beginning
  for (;;) {
    const filled = ok(retry(fill), "getdents64", { fd });
    if (filled === 0) return names;
    for (let at = 0; at < filled;) {
      const length = data.getUint16(at + dirent64.offsets.d_reclen, true);
      const name = fromCString(bytes.subarray(at + dirent64.offsets.d_name, at + length));
      if (name !== "." && name !== "..") names.push(name);
      at += length;
    }
  }
}

/**
 * Where a symbolic link leads, readlink(2).
 *
 * @param path The link
 * @param options From which directory a relative path starts; by default the current one
 * @returns What it says; `""` if that is longer than the kernel tells, which only links of `/proc`
 * can be
 * @throws {SyscallError} `EINVAL` if it is no link, `ENOENT` if there is no such path
 * @throws {TypeError} If `path` is none
 *
 * @example Usage
 * ```ts
 * import { open, readLink } from "@posixly/fd";
 * import assert from "node:assert/strict";
 *
 * using folder = open("/proc/self/fd", { directory: true });
 * using file = open("/dev/null");
 * assert.equal(readLink(`${file.fd}`, { dir: folder }), "/dev/null");
 * ```
 */
export function readLink(
  path: string | Uint8Array,
  options: { readonly dir?: AsFd } = {},
): string {
  requireKnown(options, ["dir"]);
  const from = options.dir === undefined ? AT_FDCWD : fdOf(options.dir, "dir");
  const name = cstring(path, "path");
  const bytes = new Uint8Array(LINK_SIZE);
  const length = retry(() => libc.readlinkat(from, name, bytes, bytes.length));
  // Or else it is the path that is too long.
  if (length === -errno.ENAMETOOLONG && isThere(from, name)) return "";
  return fromCString(bytes.subarray(0, ok(length, "readlinkat", { path: fromCString(name) })));
}

/** Whether there is something by that name. */
function isThere(from: number, name: Uint8Array): boolean {
  const found = new Uint8Array(statx.size);
  const how = AT_SYMLINK_NOFOLLOW;
  return retry(() => libc.syscall$statx(SYS_statx, from, name, how, STATX_TYPE, found)) === 0;
}

import { cstring, errno, fromCString, ok, retry } from "@posixly/sys";
import { dirent64, libc, SYS_getdents64 } from "./libc.ts";
import { open } from "./open.ts";
import type { OwnedFd } from "./owned_fd.ts";
import { readAll } from "./read_all.ts";

// What /proc says, read with our own calls: a runtime asks for no permission for those.

/** The most that a link of `/proc` says: a page. */
const LINK_SIZE = 4096;

/** The names in an open directory, in the order of the kernel. */
export function namesIn(directory: OwnedFd): string[] {
  const names: string[] = [];
  const { fd } = directory;
  const bytes = new Uint8Array(32 * 1024);
  const data = new DataView(bytes.buffer);
  for (;;) {
    const filled = ok(
      retry(() => libc.syscall$getdents64(SYS_getdents64, fd, bytes, bytes.length)),
      "getdents64",
      { fd },
    );
    if (filled === 0) return names;
    for (let at = 0; at < filled;) {
      const length = data.getUint16(at + dirent64.offsets.d_reclen, true);
      names.push(fromCString(bytes.subarray(at + dirent64.offsets.d_name, at + length)));
      at += length;
    }
  }
}

/** Where a link leads, which people know as `path`; `""` if that is longer than the kernel tells. */
export function linkIn(directory: OwnedFd, name: string, path: string): string {
  const bytes = new Uint8Array(LINK_SIZE);
  const length = libc.readlinkat(directory.fd, cstring(name), bytes, bytes.length);
  if (length === -errno.ENAMETOOLONG) return "";
  return fromCString(bytes.subarray(0, ok(length, "readlinkat", { path })));
}

/** A small file, whole, as text. */
export function textIn(dir: OwnedFd, name: string): string {
  using file = open(name, { dir });
  return new TextDecoder().decode(readAll(file, { sizeHint: 4096 }));
}

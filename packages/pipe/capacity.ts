import { type AsFd, fdOf } from "@posixly/fd";
import { ok, requireInteger } from "@posixly/sys";
import { F_GETPIPE_SZ, F_SETPIPE_SZ, libc } from "./libc.ts";

/**
 * How many bytes a pipe holds, fcntl(2) with `F_GETPIPE_SZ`. Fewer fit if they come in small
 * writes, since what is left of a page may stay unused.
 *
 * @param pipe Either end
 * @returns Its capacity in bytes: 65536 unless it was changed; 8192 or less if it was made while
 * this user's pipes could hold more pages than `/proc/sys/fs/pipe-user-pages-soft`
 * @throws {SyscallError} `EBADF` if it is no pipe
 * @throws {TypeError | RangeError} If it is no descriptor
 *
 * @example Usage
 * ```ts
 * import { capacity, pipe } from "@posixly/pipe";
 * import assert from "node:assert/strict";
 *
 * using ends = pipe();
 * assert.ok(capacity(ends.reader) >= 4096);
 * ```
 */
export function capacity(pipe: AsFd): number {
  const fd = fdOf(pipe, "pipe");
  return ok(libc.fcntl(fd, F_GETPIPE_SZ, 0), "fcntl", { fd });
}

/**
 * Changes how many bytes a pipe holds, fcntl(2) with `F_SETPIPE_SZ`. The kernel rounds up to a
 * whole number of pages, and that to a power of two. What is in the pipe stays there.
 *
 * @param pipe Either end
 * @param bytes How many bytes it should hold at least
 * @returns How many it holds now
 * @throws {SyscallError} `EPERM` if that is above `/proc/sys/fs/pipe-max-size`, 1 MiB by default,
 * or this user's pipes hold too much already, and there is no `CAP_SYS_RESOURCE`; `EBUSY` if it
 * holds more bytes right now; `EBADF` if it is no pipe
 * @throws {TypeError | RangeError} If `bytes` is no whole number from 1 to 2 ** 31 - 1
 *
 * @example Usage
 * ```ts
 * import { pipe, setCapacity } from "@posixly/pipe";
 * import assert from "node:assert/strict";
 *
 * using ends = pipe();
 * assert.equal(setCapacity(ends.writer, 100_000), 131_072);
 * ```
 */
export function setCapacity(pipe: AsFd, bytes: number): number {
  const fd = fdOf(pipe, "pipe");
  requireInteger(bytes, "capacity", 1);
  return ok(libc.fcntl(fd, F_SETPIPE_SZ, bytes), "fcntl", { fd });
}

import { bitsOf, errno, ok, okSince, requireInteger } from "@posixly/sys";
import { fdOf } from "./as_fd.ts";
import { CLOSE_RANGE_CLOEXEC, libc, SYS_close_range } from "./libc.ts";
import type { OwnedFd } from "./owned_fd.ts";

/**
 * Closes a descriptor, close(2). One with an owner is closed by its owner, once; a bare number
 * is closed whoever uses it, so be sure that it is yours.
 *
 * @param fd The descriptor
 * @throws {SyscallError} `EBADF` if it is not open; `EIO`, `ENOSPC` or `EDQUOT` if earlier
 * writes could not be stored. The descriptor is closed all the same: never try again.
 * @throws {TypeError | RangeError} If it is no descriptor
 *
 * @example Usage
 * ```ts
 * import { close, memfd } from "@posixly/fd";
 * import assert from "node:assert/strict";
 *
 * const number = memfd("example").release();
 * close(number);
 * assert.throws(() => close(number), { code: "EBADF" });
 * ```
 */
export function close(fd: number | Pick<OwnedFd, "fd" | "close">): void {
  if (typeof fd === "object" && typeof fd?.close === "function") return fd.close();
  const number = fdOf(fd);
  const result = libc.close(number);
  // Interrupted or not, Linux has closed it; a second try might hit a stranger.
  if (result !== -errno.EINTR) ok(result, "close", { fd: number });
}

/**
 * What becomes of the descriptors, see {@linkcode closeRange}.
 *
 * @example Usage
 * ```ts
 * import { closeRange, type CloseRangeOptions } from "@posixly/fd";
 *
 * const later: CloseRangeOptions = { closeOnExec: true };
 * closeRange(3, undefined, later);
 * ```
 */
export interface CloseRangeOptions {
  /** Whether they are only made close-on-exec: `CLOSE_RANGE_CLOEXEC`, since Linux 5.11. */
  readonly closeOnExec?: boolean;
}

/** As far as descriptors can go, to the kernel. */
const LAST = 0xffff_ffff;

/**
 * Closes every descriptor of a range, close_range(2), or makes all of them close-on-exec:
 * what to do before a program is started that shall have none of them.
 *
 * Whoever uses one of them is not asked, be it an {@linkcode OwnedFd} or the runtime, which has
 * descriptors of its own that it cannot live without.
 *
 * @param first The first number
 * @param last The last number, itself closed; by default there is no end
 * @param options Whether to close them, or make them close-on-exec
 * @throws {SyscallError} `ENOSYS` if Linux is older than 5.9; `EINVAL` if `closeOnExec` is
 * given and it is older than 5.11
 * @throws {TypeError | RangeError} If the numbers are none, or `last` comes before `first`
 *
 * @example Usage
 * ```ts
 * import { closeRange, duplicate, getFlags, setFlags } from "@posixly/fd";
 * import assert from "node:assert/strict";
 *
 * using output = duplicate(1);
 * setFlags(output, { closeOnExec: false });
 * closeRange(3, undefined, { closeOnExec: true });
 * assert.equal(getFlags(output).closeOnExec, true);
 * ```
 */
export function closeRange(first: number, last = LAST, options: CloseRangeOptions = {}): void {
  requireInteger(first, "first", 0, LAST);
  requireInteger(last, "last", first, LAST);
  const flags = bitsOf({ closeOnExec: CLOSE_RANGE_CLOEXEC }, options);
  const result = libc.syscall$close_range(SYS_close_range, first, last, flags);
  okSince("5.9", result, "close_range");
}

import { errno, ok } from "@posixly/sys";
import { type AsFd, fdOf } from "./as_fd.ts";
import { libc, termios } from "./libc.ts";

/**
 * Whether a descriptor is a terminal, isatty(3).
 *
 * @param fd The descriptor
 * @returns Whether it is
 * @throws {SyscallError} `EBADF` if it is not open, `EIO` if it is a terminal that hung up
 *
 * @example Usage
 * ```ts
 * import { isatty, open } from "@posixly/fd";
 * import assert from "node:assert/strict";
 *
 * using nothing = open("/dev/null");
 * assert.equal(isatty(nothing), false);
 * ```
 */
export function isatty(fd: AsFd): boolean {
  const number = fdOf(fd);
  // C's isatty says 0 for a number that is not open, too, and errno is lost on the way.
  const result = libc.tcgetattr(number, new Uint8Array(termios.size));
  if (result === -errno.EBADF || result === -errno.EIO) ok(result, "isatty", { fd: number });
  return result === 0; // drivers say no in many ways: ENOTTY, EINVAL, ENOSYS
}

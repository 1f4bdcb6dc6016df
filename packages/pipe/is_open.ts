import { ok } from "@posixly/sys";
import { F_GETFD, libc } from "./libc.ts";

/** Whether there is a descriptor by that number. */
export function isOpen(fd: number): boolean {
  return libc.fcntl(fd, F_GETFD, 0) >= 0;
}

/**
 * Checks that there is a descriptor by that number. It has to be asked before anything else is
 * opened, which could get the number.
 *
 * @throws {SyscallError} `EBADF`
 */
export function requireOpen(fd: number): void {
  ok(libc.fcntl(fd, F_GETFD, 0), "fcntl", { fd });
}

import { bitsOf, ok, requireInteger, requireKnown, retry } from "@posixly/sys";
import { type AsFd, fdOf } from "./as_fd.ts";
import { setFlags } from "./flags.ts";
import { F_DUPFD_CLOEXEC, libc, O_CLOEXEC } from "./libc.ts";
import { OwnedFd, tellThatItLeaves } from "./owned_fd.ts";

/**
 * Which number a duplicate gets, see {@linkcode duplicate}.
 *
 * @example Usage
 * ```ts
 * import { duplicate, type DuplicateOptions } from "@posixly/fd";
 *
 * const beyondStdio: DuplicateOptions = { atLeast: 3 };
 * using output = duplicate(1, beyondStdio);
 * ```
 */
export interface DuplicateOptions {
  /** The least number that will do; 0 by default. */
  readonly atLeast?: number;
}

/**
 * Another descriptor for what is open already, `F_DUPFD_CLOEXEC` of fcntl(2). Both share
 * one position and the status flags, such as non-blocking; the duplicate is close-on-exec
 * whether the original is or not.
 *
 * @param fd What to duplicate
 * @param options Which number it gets; the lowest that is free by default
 * @returns The duplicate
 * @throws {SyscallError} `EBADF` if it is not open, `EMFILE` if too many are, `EINVAL` if
 * `atLeast` is beyond the limit
 * @throws {TypeError | RangeError} If `atLeast` is no descriptor's number
 *
 * @example Usage
 * ```ts
 * import { duplicate, memfd, position, write } from "@posixly/fd";
 * import assert from "node:assert/strict";
 *
 * using file = memfd("example");
 * using again = duplicate(file, { atLeast: 100 });
 * assert.ok(again.fd >= 100);
 * write(file, new Uint8Array(8));
 * assert.equal(position(again), 8); // one position for both
 * ```
 */
export function duplicate(fd: AsFd, options: DuplicateOptions = {}): OwnedFd {
  const number = fdOf(fd);
  requireKnown(options, ["atLeast"]);
  const { atLeast = 0 } = options;
  requireInteger(atLeast, "atLeast");
  const duplicated = retry(() => libc.fcntl(number, F_DUPFD_CLOEXEC, atLeast));
  return new OwnedFd(ok(duplicated, "fcntl", { fd: number }));
}

/**
 * Whether programs that are started have it, see {@linkcode duplicateTo}.
 *
 * @example Usage
 * ```ts
 * import { duplicate, duplicateTo, type DuplicateToOptions } from "@posixly/fd";
 *
 * const forChildren: DuplicateToOptions = { inherit: true };
 * using output = duplicate(1);
 * duplicateTo(output, 1, forChildren);
 * ```
 */
export interface DuplicateToOptions {
  /** Whether a program that is started has it, too; by default it is close-on-exec. */
  readonly inherit?: boolean;
}

/**
 * Makes a number stand for what another descriptor has open, dup3(2). What the number stood
 * for is closed first, in one step, so that nobody else can get the number in between.
 *
 * The number belongs to whom it belonged before: an {@linkcode OwnedFd} stays open with its
 * new contents, and whoever waited for the old ones is told that they are gone. Of a number that
 * was free, make a new one.
 *
 * @param fd What to duplicate
 * @param target The descriptor to replace; if it is `fd` itself, only `inherit` is set
 * @param options Whether programs that are started have it
 * @throws {SyscallError} `EBADF` if `fd` is not open, or if `target` is beyond the limit;
 * `EBUSY` if another thread is just opening that number
 *
 * @example Usage
 * ```ts
 * import { duplicateTo, memfd, stat, truncate } from "@posixly/fd";
 * import assert from "node:assert/strict";
 *
 * using from = memfd("new");
 * using to = memfd("old");
 * truncate(from, 7);
 * duplicateTo(from, to);
 * assert.equal(stat(to).size, 7);
 * ```
 */
export function duplicateTo(fd: AsFd, target: AsFd, options: DuplicateToOptions = {}): void {
  const number = fdOf(fd);
  const replaced = fdOf(target, "target");
  const inherit = bitsOf({ inherit: 1 }, options) === 1;
  // dup2 would leave the flag as it is, and dup3 refuse.
  if (number === replaced) return setFlags(number, { closeOnExec: !inherit });
  const flags = inherit ? 0 : O_CLOEXEC;
  if (target instanceof OwnedFd) tellThatItLeaves(target);
  ok(retry(() => libc.dup3(number, replaced, flags)), "dup3", { fd: number });
}

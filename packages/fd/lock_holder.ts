import { ok, oneOf, retry } from "@posixly/sys";
import { type AsFd, fdOf } from "./as_fd.ts";
import { F_GETLK, F_OFD_GETLK, F_RDLCK, F_UNLCK, F_WRLCK, flock, libc } from "./libc.ts";
import { type FileRange, rangeOf } from "./range.ts";

/**
 * Which lock would be asked for, see {@linkcode lockHolder}.
 *
 * @example Usage
 * ```ts
 * import { lockHolder, type LockHolderOptions, memfd } from "@posixly/fd";
 * import assert from "node:assert/strict";
 *
 * const options: LockHolderOptions = { kind: "shared", length: 512 };
 * using file = memfd("example");
 * assert.equal(lockHolder(file, options), null);
 * ```
 */
export interface LockHolderOptions extends FileRange {
  /** `exclusive`, the default, which any lock is in the way of; or `shared`. */
  readonly kind?: "exclusive" | "shared";
  /** Whose own locks are not in the way: what is open, `ofd`, the default, or the process. */
  readonly family?: "ofd" | "posix";
}

/**
 * A lock that is in the way, see {@linkcode lockHolder}.
 *
 * @example Usage
 * ```ts
 * import { lock, type LockHolder, lockHolder, memfd, open } from "@posixly/fd";
 * import assert from "node:assert/strict";
 *
 * using mine = memfd("shared");
 * using theirs = open(`/proc/self/fd/${mine.fd}`, { read: true, write: true });
 * lock(theirs, { offset: 8 });
 * const holder: LockHolder | null = lockHolder(mine);
 * assert.deepEqual(holder, {
 *   kind: "exclusive",
 *   offset: 8,
 *   length: undefined, // to the end
 *   pid: undefined, // an ofd lock belongs to no process
 * });
 * ```
 */
export interface LockHolder {
  /** What kind of lock it is. */
  readonly kind: "exclusive" | "shared";
  /** Where it begins, in bytes. */
  readonly offset: number | bigint;
  /** How many bytes it covers; `undefined` if it goes on to the end. */
  readonly length: number | bigint | undefined;
  /**
   * The process that it belongs to; `undefined` if the lock is of the family `ofd`, or the process
   * has no number in our PID namespace, see pid_namespaces(7).
   */
  readonly pid: number | undefined;
}

const kinds = { exclusive: F_WRLCK, shared: F_RDLCK };
const commands = { ofd: F_OFD_GETLK, posix: F_GETLK };

/**
 * Who has a lock that one of ours would have to wait for, `F_OFD_GETLK` and `F_GETLK` of
 * fcntl(2). Locks of the family `flock` cannot be asked for. By the time that you know it may
 * have changed: to get a lock, ask for the lock.
 *
 * @param fd The file
 * @param options Which lock would be asked for; by default all of the file, exclusively
 * @returns The first that is in the way, or `null` if there is none
 * @throws {SyscallError} `EBADF` if it is not open
 * @throws {TypeError | RangeError} If there is no such kind or family, or the range is none
 *
 * @example Usage
 * ```ts
 * import { lock, lockHolder, memfd, open } from "@posixly/fd";
 * import assert from "node:assert/strict";
 * import process from "node:process";
 *
 * using mine = memfd("shared");
 * using again = open(`/proc/self/fd/${mine.fd}`, { read: true, write: true });
 * lock(mine, { family: "posix", length: 10 });
 * assert.equal(lockHolder(again, { length: 1 })?.pid, process.pid);
 * assert.equal(lockHolder(again, { offset: 10 }), null);
 * ```
 */
export function lockHolder(fd: AsFd, options: LockHolderOptions = {}): LockHolder | null {
  const number = fdOf(fd);
  const { kind = "exclusive", family = "ofd", ...range } = options;
  const [start, count] = rangeOf(range);
  const asked = flock.encode({
    l_type: oneOf(kinds, kind, "kind"),
    l_start: start,
    l_len: count,
  });
  const command = oneOf(commands, family, "family");
  ok(retry(() => libc.fcntl$bytes(number, command, asked)), "fcntl", { fd: number });
  const { l_type, l_start, l_len, l_pid } = flock.decode(asked);
  if (l_type === F_UNLCK) return null;
  return {
    kind: l_type === F_RDLCK ? "shared" : "exclusive",
    offset: l_start,
    length: l_len === 0 ? undefined : l_len,
    pid: l_pid > 0 ? l_pid : undefined,
  };
}

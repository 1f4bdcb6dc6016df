import { bitsOf, errno, ok, oneOf, requireKnown, retry, show } from "@posixly/sys";
import { type AsFd, fdOf } from "./as_fd.ts";
import {
  F_OFD_SETLK,
  F_OFD_SETLKW,
  F_RDLCK,
  F_SETLK,
  F_SETLKW,
  F_UNLCK,
  F_WRLCK,
  flock,
  libc,
  LOCK_EX,
  LOCK_NB,
  LOCK_SH,
  LOCK_UN,
} from "./libc.ts";
import { type FileRange, rangeOf } from "./range.ts";

/**
 * Linux has three families of locks, and none sees the others, but for `ofd` and `posix`, which
 * see each other. All are advice: whoever does not ask is not stopped.
 *
 * - `ofd`: belongs to what is open, so duplicates share it, and goes when the last of them is
 *   closed. Of a part of the file or of all. What to use where you may choose.
 * - `posix`: belongs to the process, and goes when it closes *any* descriptor of that file. Of
 *   a part of the file or of all; never between threads or parts of one program.
 * - `flock`: belongs to what is open, as `ofd`, but is always of the whole file. What
 *   flock(1) and many daemons use.
 *
 * @example Usage
 * ```ts
 * import { lock, type LockFamily, memfd } from "@posixly/fd";
 * import assert from "node:assert/strict";
 *
 * const family: LockFamily = "flock";
 * using file = memfd("example");
 * assert.equal(lock(file, { family }), true);
 * ```
 */
export type LockFamily = "ofd" | "posix" | "flock";

/**
 * Whose lock, and on what, see {@linkcode unlock}.
 *
 * @example Usage
 * ```ts
 * import { lock, memfd, unlock, type UnlockOptions } from "@posixly/fd";
 *
 * const header: UnlockOptions = { length: 512 };
 * using file = memfd("example");
 * lock(file);
 * unlock(file, header); // the rest stays locked
 * ```
 */
export interface UnlockOptions extends FileRange {
  /** Which of Linux's families of locks; `ofd` by default. */
  readonly family?: LockFamily;
}

/**
 * Which lock, and whether to wait for it, see {@linkcode lock}.
 *
 * @example Usage
 * ```ts
 * import { lock, type LockOptions, memfd } from "@posixly/fd";
 * import assert from "node:assert/strict";
 *
 * const options: LockOptions = { kind: "shared", offset: 512, length: 64 };
 * using file = memfd("example");
 * assert.equal(lock(file, options), true);
 * ```
 */
export interface LockOptions extends UnlockOptions {
  /** `exclusive`, the default, alone; `shared` with others who share. */
  readonly kind?: "exclusive" | "shared";
  /**
   * Whether to wait until it is free: the whole thread waits, with its event loop. By default
   * nobody waits.
   */
  readonly wait?: boolean;
}

const kinds = { exclusive: F_WRLCK, shared: F_RDLCK };
const flockKinds = { exclusive: LOCK_EX, shared: LOCK_SH };
const commands = {
  ofd: { now: F_OFD_SETLK, wait: F_OFD_SETLKW },
  posix: { now: F_SETLK, wait: F_SETLKW },
};

/**
 * Locks a file or a part of it against others who ask for locks, fcntl(2) and flock(2).
 * One who has a lock there already changes its kind.
 *
 * @param fd The file, open for writing for an exclusive lock and for reading for a shared one,
 * unless the family is `flock`
 * @param options Which lock: by default all of the file, exclusively, without waiting
 * @returns `true` if it is locked now, `false` if somebody else has a lock there
 * @throws {SyscallError} `EBADF` if it is not open, or not for that; `EDEADLK` if both
 * would wait for each other, which only `posix` finds out; `ENOLCK` if there are too many locks
 * @throws {TypeError | RangeError} If the range is none, or is given with `flock`
 *
 * @example Usage
 * ```ts
 * import { lock, memfd, open, unlock } from "@posixly/fd";
 * import assert from "node:assert/strict";
 *
 * using mine = memfd("shared");
 * using theirs = open(`/proc/self/fd/${mine.fd}`, { read: true, write: true });
 * assert.equal(lock(mine, { length: 100 }), true);
 * assert.equal(lock(theirs, { offset: 50 }), false);
 * assert.equal(lock(theirs, { offset: 100 }), true);
 *
 * unlock(mine);
 * assert.equal(lock(theirs), true);
 * ```
 */
export function lock(fd: AsFd, options: LockOptions = {}): boolean {
  requireKnown(options, ["family", "kind", "wait", "offset", "length"]);
  const { kind = "exclusive", family = "ofd", wait = false, ...range } = options;
  const waits = bitsOf({ wait: 1 }, { wait }) === 1;
  return family === "flock"
    ? lockAll(fd, oneOf(flockKinds, kind, "kind") | (waits ? 0 : LOCK_NB), range)
    : lockRange(fd, oneOf(kinds, kind, "kind"), familyOf(family)[waits ? "wait" : "now"], range);
}

/**
 * Gives a lock back, or a part of one. What is not locked stays so.
 *
 * @param fd The file
 * @param options Which lock; by default all of the file
 * @throws {SyscallError} `EBADF` if it is not open; `ENOLCK` if what is left would be
 * too many locks
 * @throws {TypeError | RangeError} If the range is none, or is given with `flock`
 *
 * @example Usage
 * ```ts
 * import { lock, memfd, unlock } from "@posixly/fd";
 *
 * using file = memfd("example");
 * lock(file);
 * unlock(file);
 * ```
 */
export function unlock(fd: AsFd, options: UnlockOptions = {}): void {
  requireKnown(options, ["family", "offset", "length"]);
  const { family = "ofd", ...range } = options;
  if (family === "flock") lockAll(fd, LOCK_UN, range);
  else lockRange(fd, F_UNLCK, familyOf(family).now, range);
}

/** The commands of a family that locks parts of files. */
function familyOf(family: LockFamily) {
  if (Object.hasOwn(commands, family)) return commands[family as keyof typeof commands];
  throw new TypeError(`family must be one of ofd, posix, flock, not ${show(family)}`);
}

/** flock(2): whether it is done, or somebody else has it. */
function lockAll(fd: AsFd, operation: number, range: FileRange): boolean {
  const number = fdOf(fd);
  if (range.offset !== undefined || range.length !== undefined) {
    throw new TypeError("flock locks whole files: it takes no offset and no length");
  }
  const result = retry(() => libc.flock(number, operation));
  if (result === -errno.EAGAIN) return false;
  ok(result, "flock", { fd: number });
  return true;
}

/** `F_SETLK` and its kin: whether it is done, or somebody else has it. */
function lockRange(fd: AsFd, type: number, command: number, range: FileRange): boolean {
  const number = fdOf(fd);
  const [l_start, l_len] = rangeOf(range);
  const wanted = flock.encode({ l_type: type, l_start, l_len });
  const result = retry(() => libc.fcntl$bytes(number, command, wanted));
  if (result === -errno.EAGAIN || result === -errno.EACCES) return false;
  ok(result, "fcntl", { fd: number });
  return true;
}

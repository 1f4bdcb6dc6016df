import { bitsOf, ok } from "@posixly/sys";
import { type AsFd, fdOf } from "./as_fd.ts";
import {
  F_GETFD,
  F_GETFL,
  F_SETFD,
  F_SETFL,
  FD_CLOEXEC,
  libc,
  O_ACCMODE,
  O_APPEND,
  O_DIRECT,
  O_DSYNC,
  O_NOATIME,
  O_NONBLOCK,
  O_PATH,
  O_RDWR,
  O_SYNC,
  O_WRONLY,
} from "./libc.ts";

/**
 * How a descriptor is open, see {@linkcode getFlags}.
 *
 * @example Usage
 * ```ts
 * import { type Flags, getFlags, open } from "@posixly/fd";
 * import assert from "node:assert/strict";
 *
 * const isWritable = ({ access }: Flags) => access === "write" || access === "readWrite";
 * using file = open("/dev/null");
 * assert.equal(isWritable(getFlags(file)), false);
 * ```
 */
export interface Flags extends Required<SettableFlags> {
  /** What it is open for; `none` if it is `pathOnly`. */
  readonly access: "read" | "write" | "readWrite" | "none";
  /** Each write waits until its bytes are stored: `O_DSYNC`. */
  readonly dataSync: boolean;
  /** Each write waits until its bytes and all about the file are stored: `O_SYNC`. */
  readonly sync: boolean;
  /** It is a place in the file system and not a file: `O_PATH`. */
  readonly pathOnly: boolean;
}

/**
 * What can be changed while a descriptor is open, see {@linkcode setFlags}.
 *
 * @example Usage
 * ```ts
 * import { memfd, setFlags, type SettableFlags } from "@posixly/fd";
 *
 * const inherited: SettableFlags = { closeOnExec: false };
 * using file = memfd("for a child");
 * setFlags(file, inherited);
 * ```
 */
export interface SettableFlags {
  /** Reading and writing give `null` rather than wait: `O_NONBLOCK`. Shared by all duplicates. */
  readonly nonBlocking?: boolean;
  /** Each write goes to the end: `O_APPEND`. Shared by all duplicates. */
  readonly append?: boolean;
  /** The page cache is passed by: `O_DIRECT`. Shared by all duplicates. */
  readonly direct?: boolean;
  /** Reading leaves the time of last access alone: `O_NOATIME`. Shared by all duplicates. */
  readonly noAtime?: boolean;
  /** Programs that are started do not have it: `FD_CLOEXEC`. Of this descriptor alone. */
  readonly closeOnExec?: boolean;
}

const statusFlags = {
  append: O_APPEND,
  direct: O_DIRECT,
  noAtime: O_NOATIME,
  nonBlocking: O_NONBLOCK,
};

/**
 * How a descriptor is open, `F_GETFL` and `F_GETFD` of fcntl(2).
 *
 * @param fd The descriptor
 * @returns What it is open for, and its flags
 * @throws {SyscallError} `EBADF` if it is not open
 *
 * @example Usage
 * ```ts
 * import { getFlags, open } from "@posixly/fd";
 * import assert from "node:assert/strict";
 *
 * using file = open("/dev/null", { append: true });
 * const { access, append, nonBlocking, closeOnExec } = getFlags(file);
 * assert.equal(access, "write");
 * assert.deepEqual([append, nonBlocking, closeOnExec], [true, false, true]);
 * ```
 */
export function getFlags(fd: AsFd): Flags {
  const number = fdOf(fd);
  const status = fcntl(number, F_GETFL);
  return toFlags(status, (fcntl(number, F_GETFD) & FD_CLOEXEC) !== 0);
}

/** The names of the flags that open(2) numbers. */
export function toFlags(status: number, closeOnExec: boolean): Flags {
  const has = (flag: number) => (status & flag) === flag;
  return {
    access: accessOf(status),
    append: has(O_APPEND),
    closeOnExec,
    dataSync: has(O_DSYNC),
    direct: has(O_DIRECT),
    noAtime: has(O_NOATIME),
    nonBlocking: has(O_NONBLOCK),
    pathOnly: has(O_PATH),
    sync: has(O_SYNC),
  };
}

function accessOf(status: number): Flags["access"] {
  if ((status & O_PATH) !== 0) return "none";
  switch (status & O_ACCMODE) {
    case O_ACCMODE:
      return "none"; // Linux's own: for ioctl alone
    case O_RDWR:
      return "readWrite";
    case O_WRONLY:
      return "write";
    default:
      return "read";
  }
}

/**
 * Changes how a descriptor is open, `F_SETFL` and `F_SETFD` of fcntl(2). What is not named
 * stays as it is.
 *
 * All but `closeOnExec` belongs to what is open and not to the descriptor: it changes for every
 * duplicate, also in other processes. Leave what you did not open alone, a terminal above all.
 *
 * @param fd The descriptor
 * @param flags What to change
 * @throws {SyscallError} `EBADF` if it is not open, `EINVAL` if the file system has no
 * `direct`, `EPERM` if `append` is taken from a file that may only grow, or `noAtime` asked for
 * somebody else's file
 * @throws {TypeError} If there is no such flag, or it is neither true nor false
 *
 * @example Usage
 * ```ts
 * import { duplicate, getFlags, memfd, setFlags } from "@posixly/fd";
 * import assert from "node:assert/strict";
 *
 * using file = memfd("example");
 * using again = duplicate(file);
 * setFlags(file, { nonBlocking: true, closeOnExec: false });
 * assert.equal(getFlags(again).nonBlocking, true); // shared
 * assert.equal(getFlags(again).closeOnExec, true); // its own
 * ```
 */
export function setFlags(fd: AsFd, flags: SettableFlags): void {
  const number = fdOf(fd);
  const { closeOnExec, ...status } = flags;
  const turnStatus = change(statusFlags, status, ["closeOnExec"]);
  const turnDescriptor = change({ closeOnExec: FD_CLOEXEC }, { closeOnExec });
  if (turnStatus) fcntl(number, F_SETFL, turnStatus(fcntl(number, F_GETFL)));
  if (turnDescriptor) fcntl(number, F_SETFD, turnDescriptor(fcntl(number, F_GETFD)));
}

/** How the bits are turned that the options name; `undefined` if they name none. */
function change<T extends Readonly<Record<string, number>>>(
  table: T,
  options: { readonly [Name in keyof T]?: boolean },
  others?: readonly string[],
): ((bits: number) => number) | undefined {
  const on = bitsOf(table, options, others);
  let named = 0;
  for (const name in table) if (options[name] !== undefined) named |= table[name];
  return named === 0 ? undefined : (bits) => bits & ~named | on;
}

function fcntl(fd: number, command: number, argument = 0): number {
  return ok(libc.fcntl(fd, command, argument), "fcntl", { fd });
}

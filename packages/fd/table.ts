import process from "node:process";
import { requireInteger, type SyscallError } from "@posixly/sys";
import { readDirectory, readLink } from "./directory.ts";
import { parseFdInfo } from "./fdinfo.ts";
import type { Flags } from "./flags.ts";
import { type DescriptorKind, kindOf } from "./kind.ts";
import { open } from "./open.ts";
import type { OwnedFd } from "./owned_fd.ts";
import { textIn } from "./proc.ts";

/**
 * One line of the table of descriptors.
 *
 * @example Usage
 * ```ts
 * import { table, type TableEntry } from "@posixly/fd";
 *
 * const show = ({ fd, kind, target }: TableEntry) => `${fd} ${kind} ${target}`;
 * console.log(table().map(show).join("\n"));
 * ```
 */
export interface TableEntry {
  /** The number. */
  readonly fd: number;
  /** What it is. */
  readonly kind: DescriptorKind;
  /**
   * What it leads to, in the kernel's words: a path, `pipe:[16273]`, `anon_inode:[eventfd]`. What
   * was unlinked ends in ` (deleted)`; a path longer than 4095 bytes is not told and is empty.
   */
  readonly target: string;
  /** What it is open for and how, as {@linkcode getFlags} says. */
  readonly flags: Flags;
  /** Where the next read or write begins, in bytes; a bigint beyond 2 ** 53 - 1. */
  readonly position: number | bigint;
  /** Which mount it is on, as `/proc/pid/mountinfo` numbers them. */
  readonly mountId: number;
  /** Of an eventfd, what it has counted. */
  readonly count?: number | bigint;
  /** Of a pidfd, the number of the process; -1 if that is gone, 0 if it has none here. */
  readonly pid?: number;
  /** Of an epoll set, the descriptors in it; of an inotify, its watches. */
  readonly watches?: readonly number[];
  /** What else the kernel says, line by line, see proc_pid_fdinfo(5). */
  readonly details: readonly string[];
}

/**
 * The open descriptors of a process, from `/proc`. A descriptor that is closed while the table is
 * read may be in it or not; none is mixed up with the next one of its number.
 *
 * @param pid The number of the process; by default this one
 * @returns One entry a descriptor, by number
 * @throws {SyscallError} `ENOENT` if there is no such process, or no `/proc`; `EACCES` if it is
 * not ours to look at; `EMFILE` or `ENFILE` if too many descriptors are open
 * @throws {TypeError | RangeError} If `pid` is no process's number
 *
 * @example Usage
 * ```ts
 * import { eventfd, table } from "@posixly/fd";
 * import assert from "node:assert/strict";
 *
 * using counter = eventfd(5);
 * const entry = table().find(({ fd }) => fd === counter.fd)!;
 * assert.equal(entry.kind, "eventfd");
 * assert.equal(entry.count, 5);
 * assert.ok(entry.flags.closeOnExec);
 * ```
 */
export function table(pid?: number): TableEntry[] {
  if (pid !== undefined) requireInteger(pid, "pid", 1);
  // All is looked up from this directory, which never becomes that of another process.
  const path = `/proc/${pid ?? "self"}/fd`;
  using folder = open(path, { directory: true });
  const isOurs = pid === undefined || pid === process.pid;
  return readDirectory(folder)
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((fd) => !(isOurs && fd === folder.fd))
    .sort((a, b) => a - b)
    .map((fd) => entryOf(folder, fd))
    .filter((entry) => entry !== null);
}

/** One entry; `null` if the descriptor was closed meanwhile, or all of the process is gone. */
function entryOf(folder: OwnedFd, fd: number): TableEntry | null {
  const link = () => readLink(`${fd}`, { dir: folder });
  try {
    for (;;) {
      const target = link();
      const kind = kindOf(folder, `${fd}`, target);
      const info = parseFdInfo(textIn(folder, `../fdinfo/${fd}`));
      // The same number may be another descriptor by now.
      if (link() === target) return { fd, kind, target, ...info };
    }
  } catch (error) {
    const { code } = error as SyscallError;
    if (code === "ENOENT" || code === "ESRCH") return null;
    throw error;
  }
}

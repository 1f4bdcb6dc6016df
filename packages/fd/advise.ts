import { ok, oneOf } from "@posixly/sys";
import { type AsFd, fdOf } from "./as_fd.ts";
import {
  libc,
  POSIX_FADV_DONTNEED,
  POSIX_FADV_NOREUSE,
  POSIX_FADV_NORMAL,
  POSIX_FADV_RANDOM,
  POSIX_FADV_SEQUENTIAL,
  POSIX_FADV_WILLNEED,
} from "./libc.ts";
import { type FileRange, rangeOf } from "./range.ts";

/**
 * How a file is going to be used, see {@linkcode advise}.
 *
 * - `normal`: no idea
 * - `sequential`: from beginning to end, so read far ahead
 * - `random`: here and there, so do not read ahead
 * - `willNeed`: soon, so begin to read it now
 * - `dontNeed`: no more, so drop it from memory once it is stored
 * - `noReuse`: once
 *
 * @example Usage
 * ```ts
 * import { type Advice, advise, open } from "@posixly/fd";
 *
 * const advice: Advice = "random";
 * using file = open("/proc/self/exe");
 * advise(file, advice);
 * ```
 */
export type Advice = keyof typeof advices;

const advices = {
  normal: POSIX_FADV_NORMAL,
  random: POSIX_FADV_RANDOM,
  sequential: POSIX_FADV_SEQUENTIAL,
  willNeed: POSIX_FADV_WILLNEED,
  dontNeed: POSIX_FADV_DONTNEED,
  noReuse: POSIX_FADV_NOREUSE,
};

/**
 * Tells the kernel how a file is going to be used, posix_fadvise(2).
 *
 * @param fd The file
 * @param advice What is going to be done with it
 * @param range With what part of it; with all of it by default
 * @throws {SyscallError} `ESPIPE` if it is a pipe, `EBADF` if it is not open
 * @throws {TypeError | RangeError} If there is no such advice, or the range is none
 *
 * @example Usage
 * ```ts
 * import { advise, open } from "@posixly/fd";
 *
 * using file = open("/proc/self/exe");
 * advise(file, "willNeed", { length: 65536 });
 * ```
 */
export function advise(fd: AsFd, advice: Advice, range: FileRange = {}): void {
  const number = fdOf(fd);
  const advised = oneOf(advices, advice, "advice");
  const [offset, length] = rangeOf(range);
  ok(libc.posix_fadvise(number, offset, length, advised), "posix_fadvise", { fd: number });
}

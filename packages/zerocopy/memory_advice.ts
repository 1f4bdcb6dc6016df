import {
  MADV_COLD,
  MADV_DODUMP,
  MADV_DONTDUMP,
  MADV_DONTNEED,
  MADV_HUGEPAGE,
  MADV_NOHUGEPAGE,
  MADV_NORMAL,
  MADV_PAGEOUT,
  MADV_POPULATE_READ,
  MADV_POPULATE_WRITE,
  MADV_RANDOM,
  MADV_SEQUENTIAL,
  MADV_WILLNEED,
} from "./libc.ts";

/**
 * How mapped memory is going to be used, madvise(2). Advice that could end the process or punch
 * holes into the file is not among it.
 *
 * - `normal`: no idea
 * - `sequential`: from beginning to end, so read far ahead
 * - `random`: here and there, so do not read ahead
 * - `willNeed`: soon, so begin to read it now
 * - `dontNeed`: no more. Whole pages within the range are dropped: what comes from a file is read
 *   again when it is touched, and what was written privately is lost
 * - `cold`: not soon, so it goes first when memory is short; since Linux 5.4
 * - `pageOut`: not soon, so store it and free its memory now; since Linux 5.4
 * - `populateRead`: read it all in, now; since Linux 5.14
 * - `populateWrite`: prepare it all to be written, now; since Linux 5.14
 * - `hugePage`, `noHugePage`: make it of huge pages where possible, or never
 * - `dump`, `noDump`: whether it is part of a core dump
 *
 * @example Usage
 * ```ts
 * import { map, type MemoryAdvice } from "@posixly/zerocopy";
 *
 * const advice: MemoryAdvice = "sequential";
 * using memory = map(null, { length: 65_536 });
 * memory.advise(advice);
 * ```
 */
export type MemoryAdvice = keyof typeof memoryAdvices;

export const memoryAdvices = {
  normal: MADV_NORMAL,
  sequential: MADV_SEQUENTIAL,
  random: MADV_RANDOM,
  willNeed: MADV_WILLNEED,
  dontNeed: MADV_DONTNEED,
  cold: MADV_COLD,
  pageOut: MADV_PAGEOUT,
  populateRead: MADV_POPULATE_READ,
  populateWrite: MADV_POPULATE_WRITE,
  hugePage: MADV_HUGEPAGE,
  noHugePage: MADV_NOHUGEPAGE,
  dump: MADV_DODUMP,
  noDump: MADV_DONTDUMP,
};

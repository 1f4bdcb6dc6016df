// deno-fmt-ignore -- a table reads best as a table
import {
  RLIMIT_AS, RLIMIT_CORE, RLIMIT_CPU, RLIMIT_DATA, RLIMIT_FSIZE, RLIMIT_LOCKS, RLIMIT_MEMLOCK,
  RLIMIT_MSGQUEUE, RLIMIT_NICE, RLIMIT_NOFILE, RLIMIT_NPROC, RLIMIT_RSS, RLIMIT_RTPRIO,
  RLIMIT_RTTIME, RLIMIT_SIGPENDING, RLIMIT_STACK,
} from "./libc.ts";

/** The resources by the names we give them. */
export const resources: Record<Resource, number> = {
  addressSpace: RLIMIT_AS,
  coreSize: RLIMIT_CORE,
  cpuSeconds: RLIMIT_CPU,
  dataSize: RLIMIT_DATA,
  fileLocks: RLIMIT_LOCKS,
  fileSize: RLIMIT_FSIZE,
  lockedMemory: RLIMIT_MEMLOCK,
  messageQueueBytes: RLIMIT_MSGQUEUE,
  nice: RLIMIT_NICE,
  openFiles: RLIMIT_NOFILE,
  pendingSignals: RLIMIT_SIGPENDING,
  processes: RLIMIT_NPROC,
  realtimeMicroseconds: RLIMIT_RTTIME,
  realtimePriority: RLIMIT_RTPRIO,
  residentSet: RLIMIT_RSS,
  stackSize: RLIMIT_STACK,
};

/**
 * What a process may use only so much of, getrlimit(2). Sizes are in bytes.
 *
 * - `openFiles` (`RLIMIT_NOFILE`): one more than the highest descriptor it may have
 * - `processes` (`NPROC`), `pendingSignals` (`SIGPENDING`), `messageQueueBytes`
 *   (`MSGQUEUE`): of its user, all processes together
 * - `fileSize` (`FSIZE`), `coreSize` (`CORE`): of a file that it writes, of its core dump. To write
 *   beyond is `EFBIG`, but ends Deno by the signal `SIGXFSZ`, unless somebody listens for that
 * - `addressSpace` (`AS`), `dataSize` (`DATA`), `stackSize` (`STACK`), `lockedMemory`
 *   (`MEMLOCK`): its memory
 * - `cpuSeconds` (`CPU`): time on the processor; `realtimeMicroseconds` (`RTTIME`): that
 *   without a blocking call, if scheduled in real time
 * - `nice` (`NICE`): 20 less the best nice value; `realtimePriority` (`RTPRIO`)
 * - `residentSet` (`RSS`), `fileLocks` (`LOCKS`): there, but without effect since Linux 2.4
 *
 * @example Usage
 * ```ts
 * import { limit, type Resource } from "@posixly/fd";
 *
 * const resource: Resource = "stackSize";
 * console.log(limit(resource).soft);
 * ```
 */
export type Resource =
  | "addressSpace"
  | "coreSize"
  | "cpuSeconds"
  | "dataSize"
  | "fileLocks"
  | "fileSize"
  | "lockedMemory"
  | "messageQueueBytes"
  | "nice"
  | "openFiles"
  | "pendingSignals"
  | "processes"
  | "realtimeMicroseconds"
  | "realtimePriority"
  | "residentSet"
  | "stackSize";

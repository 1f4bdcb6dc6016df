/**
 * Descriptors: what the kernel calls everything that is open.
 *
 * @module
 */
export { type Advice, advise } from "./advise.ts";
export { allocate, type AllocateOptions, zeroRange } from "./allocate.ts";
export { type AsFd, fdOf } from "./as_fd.ts";
export { close, closeRange, type CloseRangeOptions } from "./close.ts";
export { readDirectory, readLink } from "./directory.ts";
export {
  duplicate,
  type DuplicateOptions,
  duplicateTo,
  type DuplicateToOptions,
} from "./duplicate.ts";
export { EventFd, eventfd, type EventFdOptions } from "./eventfd.ts";
export { type Flags, getFlags, setFlags, type SettableFlags } from "./flags.ts";
export { collapseRange, insertRange, punchHole } from "./holes.ts";
export { Inotify, inotify, type InotifyOptions } from "./inotify.ts";
export { type InotifyEvent, type InotifyKind } from "./inotify_event.ts";
export { ioctl } from "./ioctl.ts";
export { isatty } from "./isatty.ts";
export { type DescriptorKind } from "./kind.ts";
export {
  type Amount,
  type Limit,
  limit,
  type LimitOptions,
  raiseLimit,
  setLimit,
} from "./limits.ts";
export { lock, type LockFamily, type LockOptions, unlock, type UnlockOptions } from "./lock.ts";
export { type LockHolder, lockHolder, type LockHolderOptions } from "./lock_holder.ts";
export { memfd, type MemfdOptions } from "./memfd.ts";
export { open, openCached } from "./open.ts";
export { type OpenOptions, type ResolveOptions } from "./open_options.ts";
export { OwnedFd } from "./owned_fd.ts";
export { duplicateFrom, pidfd, sendSignal } from "./pidfd.ts";
export { pread, pwrite } from "./positioned.ts";
export { type Pty, pty, type PtyOptions } from "./pty.ts";
export { type FileRange } from "./range.ts";
export { read } from "./read.ts";
export { readAll, type ReadAllOptions } from "./read_all.ts";
export { readExactly } from "./read_exactly.ts";
export { type ProcessEnd, reap, type ReapOptions } from "./reap.ts";
export { type Resource } from "./resource.ts";
export { addSeals, type Seals, seals } from "./seal.ts";
export { position, seek, seekData, seekHole, type Whence } from "./seek.ts";
export { type SignalName, signalName, signalNumber, signals } from "./signals.ts";
export { stat, type StatOptions } from "./stat.ts";
export { type DeviceNumber, type FileAttribute, type FileKind, type Stat } from "./stat_result.ts";
export { fdatasync, fsync, syncFileRange, type SyncFileRangeOptions, syncfs } from "./sync.ts";
export { table, type TableEntry } from "./table.ts";
export { setTerminalMode, type TerminalChange, type TerminalMode } from "./terminal_mode.ts";
export { type ExactTime, type Time, type Timespec, toTimespec } from "./time.ts";
export { type Clock, TimerFd, timerfd, type TimerSetting } from "./timerfd.ts";
export { truncate } from "./truncate.ts";
export { readv, type VectoredReadOptions, type VectoredWriteOptions, writev } from "./vectored.ts";
export { preadv, pwritev } from "./vectored_at.ts";
export { setWindowSize, type WindowSize, windowSize } from "./window_size.ts";
export { write } from "./write.ts";
export { writeAll, writevAll } from "./write_all.ts";

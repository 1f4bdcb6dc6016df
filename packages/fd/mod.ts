/**
 * Descriptors: what the kernel calls everything that is open.
 *
 * @module
 */
export { type AsFd, fdOf } from "./as_fd.ts";
export { eventfd, EventFd, type EventFdOptions } from "./eventfd.ts";
export { inotify, Inotify, type InotifyOptions } from "./inotify.ts";
export { type InotifyEvent, type InotifyKind } from "./inotify_event.ts";
export { type DescriptorKind } from "./kind.ts";
export { type Amount, type Limit, limit, type LimitOptions, raiseLimit, setLimit } from "./limits.ts";
export { memfd, type MemfdOptions } from "./memfd.ts";
export { OwnedFd } from "./owned_fd.ts";
export { duplicateFrom, pidfd, sendSignal } from "./pidfd.ts";
export { type Pty, pty, type PtyOptions } from "./pty.ts";
export { read } from "./read.ts";
export { type ProcessEnd, reap, type ReapOptions } from "./reap.ts";
export { type Resource } from "./resource.ts";
export { addSeals, type Seals, seals } from "./seal.ts";
export { signalName, type SignalName, signalNumber, signals } from "./signals.ts";
export { table, type TableEntry } from "./table.ts";
export { setTerminalMode, type TerminalChange, type TerminalMode } from "./terminal_mode.ts";
export { type ExactTime, type Time } from "./time.ts";
export { type Clock, timerfd, TimerFd, type TimerSetting } from "./timerfd.ts";
export { setWindowSize, type WindowSize, windowSize } from "./window_size.ts";
export { write } from "./write.ts";

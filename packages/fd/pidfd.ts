import { okSince, requireInteger } from "@posixly/sys";
import { type AsFd, fdOf } from "./as_fd.ts";
import {
  libc,
  PIDFD_NONBLOCK,
  SYS_pidfd_getfd,
  SYS_pidfd_open,
  SYS_pidfd_send_signal,
} from "./libc.ts";
import { OwnedFd } from "./owned_fd.ts";
import { type SignalName, signalNumber } from "./signals.ts";

/**
 * A process as a descriptor, pidfd_open(2), readable once it has ended. A number may have
 * gone to another process by the time it is used; a descriptor never does.
 *
 * Open it while the process cannot be gone: it is your child and you have not reaped it, or it is
 * you. Since Linux 5.10.
 *
 * @param pid The number of the process
 * @returns The process
 * @throws {SyscallError} `ESRCH` if there is no such process, `ENOENT` or `EINVAL` if the number is
 * that of a thread, `EMFILE` or `ENFILE` if too many descriptors are open
 * @throws {TypeError | RangeError} If `pid` is no process's number
 *
 * @example Usage
 * ```ts
 * import { pidfd, sendSignal } from "@posixly/fd";
 * import assert from "node:assert/strict";
 * import process from "node:process";
 *
 * using self = pidfd(process.pid);
 * sendSignal(self, "SIGCONT");
 * assert.throws(() => pidfd(2 ** 31 - 1), { code: "ESRCH" });
 * ```
 */
export function pidfd(pid: number): OwnedFd {
  requireInteger(pid, "pid", 1);
  const fd = libc.syscall$pidfd_open(SYS_pidfd_open, pid, PIDFD_NONBLOCK);
  return new OwnedFd(okSince("5.3", fd, "pidfd_open", { address: `process ${pid}` }));
}

/**
 * Sends a signal to the process that {@linkcode pidfd} opened, and never to another that has
 * its number by now: pidfd_send_signal(2).
 *
 * @param process The process
 * @param signal The name or number; 0 only asks whether it could be sent
 * @throws {SyscallError} `ESRCH` if the process has ended and was reaped, `EPERM` if it is
 * not ours
 * @throws {TypeError | RangeError} If there is no such signal
 *
 * @example Usage
 * ```ts
 * import { pidfd, sendSignal } from "@posixly/fd";
 * import { spawn } from "node:child_process";
 * import { once } from "node:events";
 * import assert from "node:assert/strict";
 *
 * const child = spawn("sleep", ["60"]);
 * using running = pidfd(child.pid!);
 * sendSignal(running, "SIGTERM");
 * assert.deepEqual(await once(child, "exit"), [null, "SIGTERM"]);
 * ```
 */
export function sendSignal(process: AsFd, signal: SignalName | number): void {
  const fd = fdOf(process, "process");
  const number = signal === 0 ? 0 : signalNumber(signal);
  const sent = libc.syscall$pidfd_send_signal(SYS_pidfd_send_signal, fd, number, null, 0);
  okSince("5.1", sent, "pidfd_send_signal", { fd });
}

/**
 * Duplicates a descriptor of another process, pidfd_getfd(2). Both share one
 * description: its position, its flags, its locks. Since Linux 5.6.
 *
 * @param process The process, from {@linkcode pidfd}
 * @param number What the descriptor is called there
 * @returns The same, as a descriptor here
 * @throws {SyscallError} `EBADF` if the number is not open there, `EPERM` unless we may trace
 * that process, ptrace(2), `ESRCH` if it has ended, `EMFILE` if too many are open here
 * @throws {TypeError | RangeError} If `number` is no descriptor's number
 *
 * @example Usage
 * ```ts
 * import { duplicateFrom, EventFd, eventfd, pidfd } from "@posixly/fd";
 * import assert from "node:assert/strict";
 * import process from "node:process";
 *
 * using counter = eventfd(3);
 * using self = pidfd(process.pid);
 * using same = new EventFd(duplicateFrom(self, counter.fd).release());
 * assert.equal(same.take(), 3);
 * ```
 */
export function duplicateFrom(process: AsFd, number: number): OwnedFd {
  const fd = fdOf(process, "process");
  requireInteger(number, "number");
  const duplicate = libc.syscall$pidfd_getfd(SYS_pidfd_getfd, fd, number, 0);
  return new OwnedFd(okSince("5.6", duplicate, "pidfd_getfd", { fd }));
}

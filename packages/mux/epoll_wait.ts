import { errno } from "@posixly/sys";
import { deadlineOf, LONGEST, millisecondsLeft, timeLeft } from "./deadline.ts";
import { WORDS } from "./epoll_token.ts";
import { libc, SYS_epoll_pwait2 } from "./libc.ts";
import { sigsetOf } from "./signal_mask.ts";
import type { BlockOptions } from "./block_options.ts";

const { EINTR, ENOSYS, EPERM } = errno;

/** What the kernel holds of a `sigset_t`. */
const SIGSET_BYTES = 8;

/** Waits for events, to the nanosecond where the kernel can; returns as a bound function does. */
export function epollWait(
  fd: number,
  events: Int32Array,
  { timeout, signalMask }: BlockOptions,
): number {
  const capacity = events.length / WORDS;
  const deadline = deadlineOf(timeout);
  let n: number;
  // No time to keep: the quickest of its kin, since it takes only one buffer.
  if (signalMask === undefined && (deadline === 0 || deadline === Infinity)) {
    do n = libc.epoll_wait(fd, events, capacity, deadline === 0 ? 0 : -1); while (n === -EINTR);
    return n;
  }
  const blocked = sigsetOf(signalMask);
  do {
    n = libc.syscall$epoll_pwait2(
      SYS_epoll_pwait2,
      fd,
      events,
      capacity,
      timeLeft(deadline),
      blocked,
      SIGSET_BYTES,
    );
  } while (n === -EINTR);
  // Containers that are older than the call refuse it.
  const isMissing = n === -ENOSYS || n === -EPERM;
  return isMissing ? inMilliseconds(fd, events, deadline, blocked) : n;
}

/** The same with epoll_pwait(2), for kernels before Linux 5.11. */
function inMilliseconds(
  fd: number,
  events: Int32Array,
  deadline: number,
  blocked: Uint32Array | null,
): number {
  for (;;) {
    const timeout = millisecondsLeft(deadline);
    const n = libc.epoll_pwait(fd, events, events.length / WORDS, timeout, blocked);
    const isOver = n !== -EINTR && (n !== 0 || timeout !== LONGEST);
    if (isOver) return n;
  }
}

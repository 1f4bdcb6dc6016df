import { type Time, toTimespec } from "@posixly/fd";
import { timespec } from "./libc.ts";

/** The most milliseconds that epoll_wait(2) takes. */
export const LONGEST = 0x7fff_ffff;

/** From here on, 140,000 years, a wait is for ever: milliseconds would soon not be exact. */
const FOR_EVER = 2 ** 52;

/** The `struct timespec` of the wait under way: a thread never has two. */
const left = new Uint8Array(new ArrayBuffer(timespec.size));
const leftView = new DataView(left.buffer);
const nothing = new Uint8Array(new ArrayBuffer(timespec.size));

/** When a wait is over, on the clock of `performance.now`; 0 is at once, `Infinity` never. */
export function deadlineOf(timeout: Time = 0): number {
  if (timeout === 0 || timeout === Infinity) return timeout;
  const { tv_sec, tv_nsec } = toTimespec(timeout, "timeout", Math.ceil);
  const milliseconds = Number(tv_sec) * 1000 + tv_nsec / 1e6;
  if (milliseconds === 0) return 0;
  return milliseconds < FOR_EVER ? performance.now() + milliseconds : Infinity;
}

/** The time left as a `struct timespec`, rounded up; `null` is for ever. */
export function timeLeft(deadline: number): Uint8Array | null {
  if (deadline === Infinity) return null;
  const milliseconds = millisecondsUntil(deadline);
  if (milliseconds === 0) return nothing;
  timespec.write(leftView, 0, toTimespec(milliseconds, "timeout", Math.ceil));
  return left;
}

/** The time left in whole milliseconds, rounded up, but {@linkcode LONGEST} at most; -1 is for ever. */
export function millisecondsLeft(deadline: number): number {
  if (deadline === Infinity) return -1;
  return Math.min(Math.ceil(millisecondsUntil(deadline)), LONGEST);
}

function millisecondsUntil(deadline: number): number {
  return deadline === 0 ? 0 : Math.max(deadline - performance.now(), 0);
}

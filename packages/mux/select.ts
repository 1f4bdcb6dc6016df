import type { AsFd } from "@posixly/fd";
import { errno, ok, requireKnown } from "@posixly/sys";
import { deadlineOf, timeLeft } from "./deadline.ts";
import { FdSet } from "./fd_set.ts";
import { F_GETFD, libc } from "./libc.ts";
import { sigsetOf } from "./signal_mask.ts";
import { type BlockOptions, blockOptions } from "./block_options.ts";

/**
 * What {@linkcode select} is to look at; a set that is left out is empty.
 *
 * @example Usage
 * ```ts
 * import { select, type SelectSets } from "@posixly/mux";
 *
 * const sets: SelectSets<number> = { readable: [0] };
 * console.log(select(sets).readable.length === 1 ? "there is input" : "no input yet");
 * ```
 */
export interface SelectSets<
  R extends AsFd = AsFd,
  W extends AsFd = AsFd,
  X extends AsFd = AsFd,
> {
  /** Which of these can be read, or are at their end, or in error. */
  readonly readable?: readonly R[];
  /** Which of these can be written, or are in error. */
  readonly writable?: readonly W[];
  /** Which of these have something exceptional, as out-of-band bytes: what poll calls `priority`. */
  readonly exceptional?: readonly X[];
}

/**
 * What is ready of what {@linkcode select} was given: the same numbers and objects, in order.
 *
 * @example Usage
 * ```ts
 * import { select, type Selected } from "@posixly/mux";
 * import { pipe } from "@posixly/pipe";
 * import assert from "node:assert/strict";
 *
 * using ends = pipe();
 * const selected: Selected = select({ readable: [ends.reader], writable: [ends.writer] });
 * assert.deepEqual(selected, { readable: [], writable: [ends.writer], exceptional: [] });
 * ```
 */
export interface Selected<R extends AsFd = AsFd, W extends AsFd = AsFd, X extends AsFd = AsFd> {
  /** What can be read, or is at its end, or in error. */
  readonly readable: R[];
  /** What can be written, or is in error. */
  readonly writable: W[];
  /** What has something exceptional. */
  readonly exceptional: X[];
}

/**
 * Looks which descriptors of three sets are ready, select(2), and waits for one if it is told
 * to: by pselect(2), exact to the nanosecond. Unlike in C the sets are left as they are, and
 * numbers from 1024 on, `FD_SETSIZE`, are as good as any.
 *
 * @param sets The descriptors to look at
 * @param options How long to wait if none is ready; by default not at all
 * @returns What is ready; three empty arrays if the time is over
 * @throws {SyscallError} `EBADF` if one of them is not open
 * @throws {TypeError | RangeError} If a set or an option is none
 *
 * @example Usage
 * ```ts
 * import { write } from "@posixly/fd";
 * import { select } from "@posixly/mux";
 * import { pipe } from "@posixly/pipe";
 * import assert from "node:assert/strict";
 *
 * using ends = pipe();
 * assert.deepEqual(select({ readable: [ends.reader] }).readable, []);
 *
 * write(ends.writer, new Uint8Array(1));
 * const { readable, writable } = select(
 *   { readable: [ends.reader], writable: [ends.writer] },
 *   { timeout: 1000 },
 * );
 * assert.deepEqual([readable, writable], [[ends.reader], [ends.writer]]);
 * ```
 */
export function select<R extends AsFd = never, W extends AsFd = never, X extends AsFd = never>(
  sets: SelectSets<R, W, X>,
  options: BlockOptions = {},
): Selected<R, W, X> {
  requireKnown(sets, ["readable", "writable", "exceptional"]);
  requireKnown(options, blockOptions);
  const readable = new FdSet(sets.readable ?? [], "readable");
  const writable = new FdSet(sets.writable ?? [], "writable");
  const exceptional = new FdSet(sets.exceptional ?? [], "exceptional");

  const numbers = [...readable.numbers, ...writable.numbers, ...exceptional.numbers];
  const highest = numbers.reduce((most, fd) => Math.max(most, fd), -1);
  // The kernel passes over numbers beyond its table. If the highest is open, none is.
  if (highest !== -1) requireOpen(highest);

  const asked = [readable, writable, exceptional].map((set) => set.upTo(highest));
  const deadline = deadlineOf(options.timeout);
  const blocked = sigsetOf(options.signalMask);
  let n: number;
  do n = libc.pselect(
    highest + 1,
    asked[0],
    asked[1],
    asked[2],
    timeLeft(deadline),
    blocked,
  ); while (n === -errno.EINTR);
  if (n === -errno.EBADF) numbers.forEach(requireOpen); // which one, the kernel does not say
  ok(n, "pselect");
  return { readable: readable.left(), writable: writable.left(), exceptional: exceptional.left() };
}

function requireOpen(fd: number): void {
  ok(libc.fcntl(fd, F_GETFD), "pselect", { fd });
}

import { type AsFd, fdOf } from "@posixly/fd";
import { bitsOf, errno, ok, requireKnown } from "@posixly/sys";
import { deadlineOf, timeLeft } from "./deadline.ts";
import { type Interest, interests, type Readiness, readinessOf } from "./events.ts";
import { libc, pollfd, POLLNVAL } from "./libc.ts";
import { sigsetOf } from "./signal_mask.ts";
import { type BlockOptions, blockOptions } from "./block_options.ts";

/**
 * A descriptor, and what {@linkcode poll} is to look for. If that is nothing, hang-ups and errors
 * are told all the same.
 *
 * @example Usage
 * ```ts
 * import { poll, type PollEntry } from "@posixly/mux";
 *
 * const input: PollEntry = { fd: 0, readable: true };
 * console.log(poll([input]).length === 1 ? "there is input" : "no input yet");
 * ```
 */
export interface PollEntry extends Interest {
  /** The descriptor. */
  readonly fd: AsFd;
}

/**
 * An entry of {@linkcode poll} that is ready, and what for.
 *
 * @example Usage
 * ```ts
 * import { poll, type PollEntry, type PollResult } from "@posixly/mux";
 * import assert from "node:assert/strict";
 *
 * const entry: PollEntry = { fd: 999_999 };
 * const [result]: PollResult[] = poll([entry]);
 * assert.equal(result.entry, entry);
 * assert.equal(result.invalid, true); // nothing of that number is open
 * ```
 */
export interface PollResult<E extends PollEntry = PollEntry> extends Readiness {
  /** The entry, as it was given. */
  readonly entry: E;
  /** The number is not that of an open descriptor: `POLLNVAL`. */
  readonly invalid: boolean;
}

/**
 * Looks which of some descriptors are ready, poll(2), and waits for one if it is told to: by
 * ppoll(2), exact to the nanosecond. Any number will do, and a regular file is always ready.
 *
 * A closed number is no error here but an answer, `invalid`. To look at the same descriptors
 * again and again take {@linkcode epoll}, whose cost does not grow with their number.
 *
 * @param entries The descriptors, and what to look for
 * @param options How long to wait if none is ready; by default not at all
 * @returns The entries that are ready, in their order; none if the time is over
 * @throws {SyscallError} `EINVAL` if there are more entries than descriptors may be open
 * @throws {TypeError | RangeError} If an entry or an option is none
 *
 * @example Usage
 * ```ts
 * import { eventfd } from "@posixly/fd";
 * import { poll } from "@posixly/mux";
 * import assert from "node:assert/strict";
 *
 * using quiet = eventfd();
 * using busy = eventfd(1);
 * const entries = [{ fd: quiet, readable: true }, { fd: busy, readable: true }];
 * assert.deepEqual(poll(entries, { timeout: 1000 }).map(({ entry }) => entry.fd), [busy]);
 * ```
 */
export function poll<E extends PollEntry>(
  entries: readonly E[],
  options: BlockOptions = {},
): PollResult<E>[] {
  if (!Array.isArray(entries)) throw new TypeError("entries must be an array");
  requireKnown(options, blockOptions);
  const memory = new Uint8Array(entries.length * pollfd.size);
  const pollfds = new DataView(memory.buffer);
  entries.forEach((entry, i) => pollfd.write(pollfds, i * pollfd.size, inC(entry)));

  const deadline = deadlineOf(options.timeout);
  const blocked = sigsetOf(options.signalMask);
  let n: number;
  do n = libc.ppoll(memory, entries.length, timeLeft(deadline), blocked); while (
    n === -errno.EINTR
  );
  if (ok(n, "ppoll") === 0) return [];

  const results: PollResult<E>[] = [];
  entries.forEach((entry, i) => {
    const { revents } = pollfd.look(pollfds, i * pollfd.size);
    if (revents !== 0) results.push(resultOf(entry, revents));
  });
  return results;
}

/** An entry as a `struct pollfd`. */
function inC(entry: PollEntry) {
  const { fd, ...interest } = entry;
  return { fd: fdOf(fd), events: bitsOf(interests, interest) };
}

function resultOf<E extends PollEntry>(entry: E, bits: number): PollResult<E> {
  return { entry, ...readinessOf(bits), invalid: (bits & POLLNVAL) !== 0 };
}

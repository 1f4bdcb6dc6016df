import type { OwnedFd } from "@posixly/fd";
import { ok } from "@posixly/sys";
import { F_GETFL, libc, O_NONBLOCK, POLLERR, pollfd, POLLHUP, POLLIN } from "./libc.ts";

/** The status flags of a pipe's end, such as `O_NONBLOCK`, fcntl(2) with `F_GETFL`. */
export function flagsOf(end: OwnedFd): number {
  return ok(libc.fcntl(end.fd, F_GETFL, 0), "fcntl", { fd: end.fd });
}

/** The ends that were found not to block. */
const nonBlocking = new WeakSet<OwnedFd>();

/**
 * Checks that calls on an end never block, so that it can be waited for.
 *
 * One look finds whoever made a pipe that blocks; a look before each read would double its system
 * calls. Whoever has a duplicate may clear the flag later and stop this thread in the next call
 * that has to wait, but no look could keep him from that: a wait goes on from call to call
 * without. An end that blocks is looked at again, since it may cease to.
 */
export function requireNonBlocking(end: OwnedFd): void {
  if (nonBlocking.has(end) && !end.closed) return;
  if ((flagsOf(end) & O_NONBLOCK) === 0) {
    throw new TypeError("Cannot wait for an end that blocks: make the pipe with nonBlocking: true");
  }
  nonBlocking.add(end);
}

/**
 * Whether the other side had somebody and has nobody now, and left nothing to read. A FIFO that no
 * writer has opened yet also reads 0, but poll(2) tells it from the end: there is no `POLLHUP`.
 */
export function isDeserted(end: OwnedFd): boolean {
  const entry = pollfd.encode({ fd: end.fd, events: POLLIN });
  ok(libc.poll(entry, 1, 0), "poll", { fd: end.fd });
  const { revents } = pollfd.decode(entry);
  return (revents & (POLLHUP | POLLERR)) !== 0 && (revents & POLLIN) === 0;
}

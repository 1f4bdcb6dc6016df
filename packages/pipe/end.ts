import type { OwnedFd } from "@posixly/fd";
import { ok } from "@posixly/sys";
import { F_GETFL, libc, O_NONBLOCK, POLLERR, pollfd, POLLHUP } from "./libc.ts";

/** The status flags of a pipe's end, such as `O_NONBLOCK`, fcntl(2) with `F_GETFL`. */
export function flagsOf(end: OwnedFd): number {
  return ok(libc.fcntl(end.fd, F_GETFL, 0), "fcntl", { fd: end.fd });
}

/** Checks that calls on an end never block, so that it can be waited for. */
export function requireNonBlocking(end: OwnedFd): void {
  if ((flagsOf(end) & O_NONBLOCK) !== 0) return;
  throw new TypeError("Cannot wait for an end that blocks: make the pipe with nonBlocking: true");
}

/**
 * Whether the other side had somebody and has nobody now. A FIFO that no writer has opened yet
 * also reads 0, but poll(2) tells it from the end: there is no `POLLHUP`.
 */
export function isDeserted(end: OwnedFd): boolean {
  const entry = pollfd.encode({ fd: end.fd });
  ok(libc.poll(entry, 1, 0), "poll", { fd: end.fd });
  return (pollfd.decode(entry).revents & (POLLHUP | POLLERR)) !== 0;
}

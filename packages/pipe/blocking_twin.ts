import { type AsFd, open, OwnedFd } from "@posixly/fd";
import { ok } from "@posixly/sys";
import { flagsOf } from "./end.ts";
import { F_SETFL, libc, O_ACCMODE, O_DIRECT, O_NONBLOCK, O_RDONLY, O_WRONLY } from "./libc.ts";
import { PipeReader } from "./reader.ts";
import { PipeWriter } from "./writer.ts";

/**
 * The same end of a pipe through an open file description of its own, which blocks, as nearly
 * every program expects. `O_NONBLOCK` belongs to the description: a child with a duplicate of
 * ours would not block either, or if we cleared the flag, we would.
 *
 * @returns The twin, or `null` if this is no end of ours, or one that blocks by itself
 */
export function blockingTwin(end: AsFd): OwnedFd | null {
  if (!(end instanceof PipeReader || end instanceof PipeWriter)) return null;
  const flags = flagsOf(end);
  if ((flags & O_NONBLOCK) === 0) return null;

  // Opening must not wait for the other side of a FIFO, so it blocks only from then on.
  const access = flags & O_ACCMODE;
  using twin = open(`/proc/self/fd/${end.fd}`, {
    read: access !== O_WRONLY,
    write: access !== O_RDONLY, // a reader that outlives its writers is one itself
    nonBlocking: true,
  });
  ok(libc.fcntl(twin.fd, F_SETFL, flags & O_DIRECT), "fcntl", { fd: twin.fd });
  return new OwnedFd(twin.release());
}

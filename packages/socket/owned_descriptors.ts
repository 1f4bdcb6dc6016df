import { OwnedFd } from "@posixly/fd";
import { messagesIn } from "./control_message.ts";
import { SCM_PIDFD, SCM_RIGHTS, SOL_SOCKET } from "./libc.ts";

/** What has come that somebody has to close. */
export interface OwnedDescriptors {
  readonly descriptors: readonly OwnedFd[];
  readonly surplus: number;
  readonly pidfd: OwnedFd | undefined;
}

/** Nothing to close. */
export const noDescriptors: OwnedDescriptors = {
  descriptors: Object.freeze([]),
  surplus: 0,
  pidfd: undefined,
};

/**
 * Takes over every descriptor that control messages bring, also those for which there was room by
 * chance: the kernel pads, and so gives one more than was asked for. What is above `most` is closed.
 */
export function adoptDescriptors(control: Uint8Array, most: number): OwnedDescriptors {
  if (control.length === 0) return noDescriptors;
  const all: OwnedFd[] = [];
  const pidfds: OwnedFd[] = [];
  for (const { level, type, bytes } of messagesIn(control)) {
    if (level !== SOL_SOCKET) continue;
    if (type === SCM_RIGHTS) all.push(...ownersOf(bytes));
    if (type === SCM_PIDFD) pidfds.push(...ownersOf(bytes));
  }
  const descriptors = all.splice(0, most);
  const [pidfd] = pidfds.splice(0, 1);
  for (const fd of [...all, ...pidfds]) closeQuietly(fd);
  return { descriptors, surplus: all.length, pidfd };
}

function ownersOf(bytes: Uint8Array): OwnedFd[] {
  const numbers = [...new Int32Array(bytes.slice(0, bytes.length & ~3).buffer)];
  // Where the kernel could not open a process it gives -errno.
  return numbers.filter((number) => number >= 0).map((number) => new OwnedFd(number));
}

/** What could not be stored of somebody else's file is not our affair. */
function closeQuietly(fd: OwnedFd): void {
  try {
    fd.close();
  } catch {
    // closed all the same
  }
}

/** Closes all, when what came with them is of no use. */
export function closeDescriptors({ descriptors, pidfd }: OwnedDescriptors): void {
  for (const fd of descriptors) closeQuietly(fd);
  if (pidfd !== undefined) closeQuietly(pidfd);
}

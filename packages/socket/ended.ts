import type { AsFd } from "@posixly/fd";
import { poll } from "@posixly/mux";
import { queuedToRead } from "./queued.ts";

/** Whether a socket was ended for reading, here or by the other side. Errors are no end. */
export function isEndedForReading(socket: AsFd): boolean {
  return poll([{ fd: socket, readHangUp: true }]).some(({ readHangUp }) => readHangUp);
}

/**
 * Whether a `seqpacket` connection was ended for reading, and nothing but empty messages can be
 * left: the kernel says 0 of an empty message and of the end.
 */
export function isAtEnd(socket: AsFd): boolean {
  return isEndedForReading(socket) && queuedToRead(socket) === 0;
}

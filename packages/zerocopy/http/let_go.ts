import type { OwnedFd } from "@posixly/fd";

/** Closes what was only read, or waited for. */
export function letGo(owner: OwnedFd): void {
  try {
    owner.close();
  } catch {
    // It is closed all the same, and nothing was written that could be lost.
  }
}

import { type AsFd, getFlags, stat } from "@posixly/fd";

/** What was found not to block. */
const known = new WeakSet<object>();

/**
 * Checks that calls on a descriptor never block, so that it can be waited for; a file never says
 * that it would. Whoever owns it is asked once, a mere number every time.
 */
export function requireNonBlocking(fd: AsFd, name: string): void {
  if (typeof fd === "object" && known.has(fd)) return;
  if (!getFlags(fd).nonBlocking && !isFile(fd)) {
    throw new TypeError(`${name} must not block: open it with nonBlocking: true`);
  }
  if (typeof fd === "object") known.add(fd);
}

function isFile(fd: AsFd): boolean {
  const { kind } = stat(fd);
  return kind === "file" || kind === "block device";
}

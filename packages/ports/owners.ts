import { open, type OwnedFd, readAll, readDirectory, readLink } from "@posixly/fd";
import type { SyscallError } from "@posixly/sys";

/**
 * A process that has a socket open, see {@linkcode SocketEntry.owners}.
 *
 * @example Who listens at which port
 * ```ts
 * import { type SocketOwner, sockets } from "@posixly/ports";
 *
 * const show = ({ command, pid }: SocketOwner) => `${command} (${pid})`;
 * for (const { localPort, owners } of sockets({ states: ["listening"], owners: true })) {
 *   console.log(localPort, owners?.map(show).join() ?? "unknown");
 * }
 * ```
 */
export interface SocketOwner {
  /** Its number. */
  readonly pid: number;
  /** Its name, of at most 15 bytes: `/proc/pid/comm`. */
  readonly command: string;
  /** The number that the socket has there. */
  readonly fd: number;
}

/**
 * Which process has which socket open, by inode, as far as we may look. A process that ends
 * meanwhile, and those of others, are left out.
 */
export function socketOwners(): Map<number, SocketOwner[]> {
  const owners = new Map<number, SocketOwner[]>();
  using proc = open("/proc", { directory: true });
  for (const pid of numbersIn(proc)) {
    try {
      addOwner(owners, proc, pid);
    } catch (error) {
      if (!isGoneOrHidden(error)) throw error;
    }
  }
  return owners;
}

function addOwner(owners: Map<number, SocketOwner[]>, proc: OwnedFd, pid: string): void {
  using folder = open(`${pid}/fd`, { dir: proc, directory: true });
  let command: string | undefined;
  for (const fd of numbersIn(folder)) {
    const inode = socketInode(folder, fd);
    if (inode === 0) continue;
    command ??= commandOf(proc, pid);
    const owner = { pid: Number(pid), command, fd: Number(fd) };
    const others = owners.get(inode);
    if (others === undefined) owners.set(inode, [owner]);
    else others.push(owner);
  }
}

function isGoneOrHidden(error: unknown): boolean {
  const { code } = error as SyscallError;
  return code === "ENOENT" || code === "ESRCH" || code === "EACCES" || code === "EPERM";
}

function commandOf(proc: OwnedFd, pid: string): string {
  using file = open(`${pid}/comm`, { dir: proc });
  return new TextDecoder().decode(readAll(file, { sizeHint: 64 })).trimEnd();
}

/** The inode of a socket; 0 if the descriptor is something else, or is closed by now. */
function socketInode(folder: OwnedFd, fd: string): number {
  try {
    const [, inode] = /^socket:\[(\d+)\]$/.exec(readLink(fd, { dir: folder })) ?? [];
    return Number(inode ?? 0);
  } catch (error) {
    if (isGoneOrHidden(error)) return 0;
    throw error;
  }
}

/** The names in a folder that are numbers. */
function numbersIn(folder: OwnedFd): string[] {
  return readDirectory(folder).filter((name) => /^\d+$/.test(name));
}

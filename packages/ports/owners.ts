import { open, type OwnedFd, readAll } from "@posixly/fd";
import { cstring, ok, retry, type SyscallError } from "@posixly/sys";
import { dirent64, libc, SYS_getdents64 } from "./libc.ts";

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

function addOwner(owners: Map<number, SocketOwner[]>, proc: OwnedFd, pid: number): void {
  using folder = open(`${pid}/fd`, { dir: proc, directory: true });
  let command: string | undefined;
  for (const fd of numbersIn(folder)) {
    const inode = socketInode(folder, fd);
    if (inode === 0) continue;
    command ??= commandOf(proc, pid);
    const owner = { pid, command, fd };
    const others = owners.get(inode);
    if (others === undefined) owners.set(inode, [owner]);
    else others.push(owner);
  }
}

function isGoneOrHidden(error: unknown): boolean {
  const { code } = error as SyscallError;
  return code === "ENOENT" || code === "ESRCH" || code === "EACCES" || code === "EPERM";
}

function commandOf(proc: OwnedFd, pid: number): string {
  using file = open(`${pid}/comm`, { dir: proc });
  return new TextDecoder().decode(readAll(file, { sizeHint: 64 })).trimEnd();
}

/** Links are `socket:[1234]`; a longer one is none of those. */
const link = new Uint8Array(64);
const PREFIX = new TextEncoder().encode("socket:[");

/** The inode of a socket; 0 if the descriptor is something else, or is closed by now. */
function socketInode(folder: OwnedFd, fd: number): number {
  const length = libc.readlinkat(folder.fd, cstring(`${fd}`), link, link.length);
  if (length < 0 || !PREFIX.every((byte, i) => link[i] === byte)) return 0;
  return leadingNumber(link, PREFIX.length);
}

const entries = new Uint8Array(32 * 1024);
const data = new DataView(entries.buffer);

/** The names in a folder that are numbers. */
function numbersIn(folder: OwnedFd): number[] {
  const numbers: number[] = [];
  const { fd } = folder;
  const list = () => libc.syscall$getdents64(SYS_getdents64, fd, entries, entries.length);
  for (;;) {
    const filled = ok(retry(list), "getdents64", { fd });
    if (filled === 0) return numbers;
    for (let at = 0; at < filled; at += data.getUint16(at + dirent64.offsets.d_reclen, true)) {
      const name = at + dirent64.offsets.d_name;
      if (isDigit(entries[name])) numbers.push(leadingNumber(entries, name));
    }
  }
}

function leadingNumber(bytes: Uint8Array, at: number): number {
  let number = 0;
  for (; isDigit(bytes[at]); at++) number = 10 * number + bytes[at] - 48;
  return number;
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

import { type AsFd, fdOf, OwnedFd } from "@posixly/fd";
import { errno, SyscallError } from "@posixly/sys";
import { type Credentials, credentials } from "./credentials.ts";
import { libc, SO_PEERCRED, SO_PEERPIDFD, SOL_SOCKET } from "./libc.ts";
import { getOption } from "./options.ts";
import { getsockopt } from "./sockopt.ts";

/**
 * Who is at the other end of a `unix` connection, see {@linkcode peerCredentials}.
 *
 * @example Whether it is root, or one of a group
 * ```ts
 * import { type Peer, peerCredentials, socketPair } from "@posixly/socket";
 *
 * const mayAsk = ({ uid, gid, groups }: Peer, group: number) =>
 *   uid === 0 || gid === group || groups.includes(group);
 *
 * using pair = socketPair();
 * mayAsk(peerCredentials(pair.first)!, 100);
 * ```
 */
export interface Peer extends Credentials {
  /** The other groups that it is in. */
  readonly groups: readonly number[];
}

/** What the kernel says where there is nobody. */
const NOBODY = 0xffff_ffff;

/**
 * Who is at the other end of a `unix` connection: `SO_PEERCRED` and `SO_PEERGROUPS` of unix(7). The
 * kernel vouches for it. It is who called `connect`, `listen` or `socketPair`, as it was then; whom
 * the connection was handed to since is not told.
 *
 * @param socket A connected socket
 * @returns Who it is; `null` if it is not connected, or of another family
 * @throws {SyscallError} `ENOTSOCK` if it is no socket
 *
 * @example Usage
 * ```ts
 * import { peerCredentials, socketPair } from "@posixly/socket";
 * import assert from "node:assert/strict";
 * import process from "node:process";
 *
 * using pair = socketPair();
 * const { pid, uid } = peerCredentials(pair.first)!;
 * assert.deepEqual([pid, uid], [process.pid, process.getuid!()]);
 * ```
 */
export function peerCredentials(socket: AsFd): Peer | null {
  const peer = credentials.decode(getsockopt(socket, SOL_SOCKET, SO_PEERCRED, credentials.size));
  if (peer.uid === NOBODY) return null;
  return { ...peer, groups: getOption(socket, "peerGroups") };
}

/**
 * The process at the other end of a `unix` connection as a descriptor, `SO_PEERPIDFD` of unix(7):
 * see `pidfd` of `@posixly/fd`. The number of a process may have gone to another by the time it is
 * used; this never does. Since Linux 6.5.
 *
 * @param socket A connected socket
 * @returns The process, which may have ended
 * @throws {SyscallError} `ENODATA` if it is not connected, or of another family; `ENOPROTOOPT` if
 * Linux is older; `ESRCH` or `EINVAL` if the process has been reaped, up to Linux 6.15; `EMFILE` if
 * too many descriptors are open; `ENOTSOCK` if it is no socket
 *
 * @example Usage
 * ```ts
 * import { sendSignal } from "@posixly/fd";
 * import { peerPidfd, socketPair } from "@posixly/socket";
 *
 * using pair = socketPair();
 * using peer = peerPidfd(pair.first);
 * sendSignal(peer, "SIGCONT");
 * ```
 */
export function peerPidfd(socket: AsFd): OwnedFd {
  const fd = fdOf(socket, "socket");
  const pidfd = new Int32Array(1);
  const length = Uint32Array.of(pidfd.byteLength);
  const result = libc.getsockopt(fd, SOL_SOCKET, SO_PEERPIDFD, pidfd, length);
  if (result >= 0) return new OwnedFd(pidfd[0]);
  const error = new SyscallError(-result, "getsockopt", { fd });
  if (result === -errno.ENOPROTOOPT) error.message += "; SO_PEERPIDFD needs Linux 6.5 or newer";
  throw error;
}

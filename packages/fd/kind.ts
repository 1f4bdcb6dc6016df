import { ok } from "@posixly/sys";
import {
  AT_STATX_DONT_SYNC,
  libc,
  S_IFBLK,
  S_IFCHR,
  S_IFDIR,
  S_IFIFO,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
  S_IFSOCK,
  statx,
  STATX_TYPE,
} from "./libc.ts";
import type { OwnedFd } from "./owned_fd.ts";
import { retry } from "./retry.ts";

/** What has an inode of its own kind. */
const byMode = {
  [S_IFREG]: "file",
  [S_IFDIR]: "directory",
  [S_IFIFO]: "pipe",
  [S_IFSOCK]: "socket",
  [S_IFCHR]: "character device",
  [S_IFBLK]: "block device",
  [S_IFLNK]: "symbolic link",
} as const;

/** What only its name tells apart: objects of the kernel that share one inode. */
const byName = {
  eventfd: "eventfd",
  eventpoll: "epoll",
  fanotify: "fanotify",
  inotify: "inotify",
  io_uring: "io_uring",
  perf_event: "perf event",
  pidfd: "pidfd",
  signalfd: "signalfd",
  timerfd: "timerfd",
  userfaultfd: "userfaultfd",
} as const;

/**
 * What a descriptor leads to. `pipe` is a FIFO as well, `memfd` a file in memory without a path;
 * of `other` the kernel's own name is in {@linkcode TableEntry.target}.
 *
 * @example Usage
 * ```ts
 * import { type DescriptorKind, table } from "@posixly/fd";
 *
 * const kinds = new Set<DescriptorKind>(table().map(({ kind }) => kind));
 * console.log([...kinds].join(", "));
 * ```
 */
export type DescriptorKind =
  | (typeof byMode)[keyof typeof byMode]
  | (typeof byName)[keyof typeof byName]
  | "memfd"
  | "namespace"
  | "other";

/** What the link `name` in a folder of `/proc` leads to, of which the text is `target`. */
export function kindOf(folder: OwnedFd, name: string, target: string): DescriptorKind {
  const [, anonymous] = /^anon_inode:\[?([^\]]*)\]?$/.exec(target) ?? [];
  if (anonymous !== undefined) {
    return Object.hasOwn(byName, anonymous) ? byName[anonymous as keyof typeof byName] : "other";
  }
  if (target.startsWith("/memfd:")) return "memfd";
  if (/^[a-z_]+:\[\d+\]$/.test(target) && !/^(pipe|socket):/.test(target)) return "namespace";
  const mode = modeOf(folder, name);
  return Object.hasOwn(byMode, mode) ? byMode[mode as keyof typeof byMode] : "other";
}

/** The bits of its mode that say what it is; no server is asked for it. */
function modeOf(folder: OwnedFd, name: string): number {
  const path = new TextEncoder().encode(`${name}\0`);
  const bytes = new Uint8Array(statx.size);
  const call = () => libc.statx(folder.fd, path, AT_STATX_DONT_SYNC, STATX_TYPE, bytes);
  ok(retry(call), "statx", { path: name });
  return statx.view(bytes).stx_mode & S_IFMT;
}

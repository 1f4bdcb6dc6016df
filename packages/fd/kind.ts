import type { OwnedFd } from "./owned_fd.ts";
import { stat } from "./stat.ts";
import type { FileKind, Stat } from "./stat_result.ts";

/** What the kernel calls its objects, and what we do. */
const byName = new Map<string, DescriptorKind>([
  ["eventfd", "eventfd"],
  ["eventpoll", "epoll"],
  ["fanotify", "fanotify"],
  ["inotify", "inotify"],
  ["io_uring", "io_uring"],
  ["perf_event", "perf event"],
  ["pidfd", "pidfd"],
  ["signalfd", "signalfd"],
  ["timerfd", "timerfd"],
  ["userfaultfd", "userfaultfd"],
]);

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
  | FileKind
  | "epoll"
  | "eventfd"
  | "fanotify"
  | "inotify"
  | "io_uring"
  | "memfd"
  | "namespace"
  | "perf event"
  | "pidfd"
  | "signalfd"
  | "timerfd"
  | "userfaultfd";

/** What the link `name` in a folder of `/proc` leads to, of which the text is `target`. */
export function kindOf(folder: OwnedFd, name: string, target: string): DescriptorKind {
  const [, anonymous] = /^anon_inode:\[?([^\]]*)\]?$/.exec(target) ?? [];
  if (anonymous !== undefined) return byName.get(anonymous) ?? "other";
  if (/^(cgroup|ipc|mnt|net|pid|time|user|uts)[a-z_]*:\[\d+\]$/.test(target)) return "namespace";
  const found = stat(name, { dir: folder, sync: "cached" }); // a server that hangs is not asked
  return target.startsWith("/memfd:") && isNowhere(found, folder) ? "memfd" : found.kind;
}

/** Whether it never had a path. What seems to be a memfd, but had one, had it in the root. */
function isNowhere({ links, mountId }: Stat, folder: OwnedFd): boolean {
  return links === 0 && mountId !== stat("../root", { dir: folder }).mountId;
}

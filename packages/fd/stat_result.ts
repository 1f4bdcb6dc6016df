import {
  S_IFBLK,
  S_IFCHR,
  S_IFDIR,
  S_IFIFO,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
  S_IFSOCK,
  statx,
  STATX_ATTR_APPEND,
  STATX_ATTR_AUTOMOUNT,
  STATX_ATTR_COMPRESSED,
  STATX_ATTR_DAX,
  STATX_ATTR_ENCRYPTED,
  STATX_ATTR_IMMUTABLE,
  STATX_ATTR_MOUNT_ROOT,
  STATX_ATTR_NODUMP,
  STATX_ATTR_VERITY,
  STATX_BTIME,
  STATX_DIOALIGN,
  STATX_MNT_ID,
} from "./libc.ts";
import type { ExactTime } from "./time.ts";

/**
 * What a file is. An object of the kernel without a file type of its own, such as an eventfd
 * or an epoll set, is `other`.
 *
 * @example Usage
 * ```ts
 * import { type FileKind, stat } from "@posixly/fd";
 * import assert from "node:assert/strict";
 *
 * const kind: FileKind = "character device";
 * assert.equal(stat("/dev/null").kind, kind);
 * ```
 */
export type FileKind =
  | "file"
  | "directory"
  | "symlink"
  | "pipe"
  | "socket"
  | "character device"
  | "block device"
  | "other";

const kinds = new Map<number, FileKind>([
  [S_IFREG, "file"],
  [S_IFDIR, "directory"],
  [S_IFLNK, "symlink"],
  [S_IFIFO, "pipe"],
  [S_IFSOCK, "socket"],
  [S_IFCHR, "character device"],
  [S_IFBLK, "block device"],
]);

/**
 * The numbers of a device: which driver, and which of its devices.
 *
 * @example Usage
 * ```ts
 * import { type DeviceNumber, stat } from "@posixly/fd";
 * import assert from "node:assert/strict";
 *
 * const nullDevice: DeviceNumber = { major: 1, minor: 3 };
 * assert.deepEqual(stat("/dev/null").represents, nullDevice);
 * ```
 */
export interface DeviceNumber {
  /** Which driver. */
  readonly major: number;
  /** Which of its devices. */
  readonly minor: number;
}

/**
 * A property that a file has on some file systems, see statx(2).
 *
 * @example Usage
 * ```ts
 * import { type FileAttribute, stat } from "@posixly/fd";
 * import assert from "node:assert/strict";
 *
 * const attribute: FileAttribute = "mountRoot";
 * assert.notEqual(stat("/").attributes[attribute], false); // true, or not known
 * ```
 */
export type FileAttribute = keyof typeof attributes;

const attributes = {
  compressed: STATX_ATTR_COMPRESSED,
  immutable: STATX_ATTR_IMMUTABLE,
  appendOnly: STATX_ATTR_APPEND,
  noDump: STATX_ATTR_NODUMP,
  encrypted: STATX_ATTR_ENCRYPTED,
  automount: STATX_ATTR_AUTOMOUNT,
  mountRoot: STATX_ATTR_MOUNT_ROOT,
  verity: STATX_ATTR_VERITY,
  dax: STATX_ATTR_DAX,
};

/**
 * All about a file, see {@linkcode stat}. What is 64 bits wide is a number up to 2 ** 53 - 1
 * and a bigint beyond; what the kernel or the file system does not know is `undefined`.
 *
 * @example Two names of one file
 * ```ts
 * import { open, type Stat, stat } from "@posixly/fd";
 * import assert from "node:assert/strict";
 *
 * const isSame = (a: Stat, b: Stat) =>
 *   a.inode === b.inode && a.device.major === b.device.major && a.device.minor === b.device.minor;
 *
 * using file = open("/proc/self/exe");
 * assert.ok(isSame(stat(file), stat("/proc/self/exe")));
 * assert.ok(!isSame(stat(file), stat("/dev/null")));
 * ```
 */
export interface Stat {
  /** What it is. */
  readonly kind: FileKind;
  /** The permissions, the lower twelve bits of `stx_mode`: such as 0o644. */
  readonly mode: number;
  /** How many bytes it holds. */
  readonly size: number | bigint;
  /** How many blocks of 512 bytes are stored, whatever `blockSize` is. */
  readonly blocks: number | bigint;
  /** How many bytes are best moved at once. */
  readonly blockSize: number;
  /** Which file it is on its device. */
  readonly inode: number | bigint;
  /** The device it lies on. */
  readonly device: DeviceNumber;
  /** The device that it stands for, if it is one. */
  readonly represents: DeviceNumber | undefined;
  /** How many names it has. */
  readonly links: number;
  /** The user it belongs to. */
  readonly uid: number;
  /** The group it belongs to. */
  readonly gid: number;
  /** When it was last read: `stx_atime`. */
  readonly accessed: ExactTime;
  /** When its contents last changed: `stx_mtime`. */
  readonly modified: ExactTime;
  /** When its contents, owner, names or permissions last changed: `stx_ctime`. */
  readonly changed: ExactTime;
  /** When it was made: `stx_btime`. */
  readonly created: ExactTime | undefined;
  /** Which mount it was reached by; since Linux 5.8. */
  readonly mountId: number | bigint | undefined;
  /**
   * What addresses, and what offsets and lengths must be multiples of with `direct`, in bytes;
   * 0 if `direct` cannot be had. Since Linux 6.1.
   */
  readonly directAlignment: { readonly memory: number; readonly offset: number } | undefined;
  /** What holds for it, what does not, and, absent, what the file system does not know. */
  readonly attributes: { readonly [Name in FileAttribute]?: boolean };
}

/** What a `struct statx` says. */
export function toStat(bytes: Uint8Array): Stat {
  const found = statx.view(bytes);
  const has = (field: number) => (found.stx_mask & field) !== 0;
  const kind = kinds.get(found.stx_mode & S_IFMT) ?? "other";
  return {
    kind,
    mode: found.stx_mode & ~S_IFMT,
    size: found.stx_size,
    blocks: found.stx_blocks,
    blockSize: found.stx_blksize,
    inode: found.stx_ino,
    device: { major: found.stx_dev_major, minor: found.stx_dev_minor },
    represents: kind === "character device" || kind === "block device"
      ? { major: found.stx_rdev_major, minor: found.stx_rdev_minor }
      : undefined,
    links: found.stx_nlink,
    uid: found.stx_uid,
    gid: found.stx_gid,
    accessed: toTime(found.stx_atime),
    modified: toTime(found.stx_mtime),
    changed: toTime(found.stx_ctime),
    created: has(STATX_BTIME) ? toTime(found.stx_btime) : undefined,
    mountId: has(STATX_MNT_ID) ? found.stx_mnt_id : undefined,
    directAlignment: has(STATX_DIOALIGN)
      ? { memory: found.stx_dio_mem_align, offset: found.stx_dio_offset_align }
      : undefined,
    attributes: toAttributes(Number(found.stx_attributes), Number(found.stx_attributes_mask)),
  };
}

function toTime({ tv_sec, tv_nsec }: { tv_sec: number | bigint; tv_nsec: number }): ExactTime {
  return { seconds: tv_sec, nanoseconds: tv_nsec };
}

function toAttributes(set: number, known: number): Stat["attributes"] {
  return Object.fromEntries(
    Object.entries(attributes)
      .filter(([, bit]) => (known & bit) !== 0)
      .map(([name, bit]) => [name, (set & bit) !== 0]),
  );
}

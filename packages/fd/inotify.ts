import { bitsOf, cstring, fromCString, ok, requireInteger } from "@posixly/sys";
import { decodeEvents, type InotifyEvent } from "./inotify_event.ts";
import {
  IN_ACCESS,
  IN_ATTRIB,
  IN_CLOEXEC,
  IN_CLOSE_NOWRITE,
  IN_CLOSE_WRITE,
  IN_CREATE,
  IN_DELETE,
  IN_DELETE_SELF,
  IN_DONT_FOLLOW,
  IN_EXCL_UNLINK,
  IN_MASK_ADD,
  IN_MASK_CREATE,
  IN_MODIFY,
  IN_MOVE_SELF,
  IN_MOVED_FROM,
  IN_MOVED_TO,
  IN_NONBLOCK,
  IN_ONESHOT,
  IN_ONLYDIR,
  IN_OPEN,
  libc,
} from "./libc.ts";
import { OwnedFd } from "./owned_fd.ts";
import { read } from "./read.ts";

const bits = {
  access: IN_ACCESS,
  modify: IN_MODIFY,
  attributes: IN_ATTRIB,
  closeWrite: IN_CLOSE_WRITE,
  closeNoWrite: IN_CLOSE_NOWRITE,
  open: IN_OPEN,
  movedFrom: IN_MOVED_FROM,
  movedTo: IN_MOVED_TO,
  create: IN_CREATE,
  delete: IN_DELETE,
  deleteSelf: IN_DELETE_SELF,
  moveSelf: IN_MOVE_SELF,
  onlyDirectory: IN_ONLYDIR,
  noFollow: IN_DONT_FOLLOW,
  excludeUnlinked: IN_EXCL_UNLINK,
  newOnly: IN_MASK_CREATE,
  add: IN_MASK_ADD,
  once: IN_ONESHOT,
};

/** `IN_ALL_EVENTS`. */
const ALL_EVENTS = 0xfff;

/** Room for some events; one takes at most 16 bytes, 255 of name and a NUL. */
const BUFFER_SIZE = 8192;

/**
 * What to watch for, and how. If no kind of event is named, it is all of them.
 *
 * @example Usage
 * ```ts
 * import { inotify, type InotifyOptions } from "@posixly/fd";
 *
 * const options: InotifyOptions = { create: true, movedTo: true, onlyDirectory: true };
 * using watcher = inotify();
 * watcher.watch("/tmp", options);
 * ```
 */
export interface InotifyOptions {
  /** It was read, or executed. */
  readonly access?: boolean;
  /** It was written or truncated. */
  readonly modify?: boolean;
  /** Its mode, owner, times, links or extended attributes changed. */
  readonly attributes?: boolean;
  /** It was closed after having been open for writing. */
  readonly closeWrite?: boolean;
  /** It was closed after not having been open for writing. */
  readonly closeNoWrite?: boolean;
  /** It was opened. */
  readonly open?: boolean;
  /** An entry was moved away from this directory; `cookie` says where it turned up. */
  readonly movedFrom?: boolean;
  /** An entry was moved into this directory. */
  readonly movedTo?: boolean;
  /** An entry was made in this directory. */
  readonly create?: boolean;
  /** An entry of this directory was deleted. */
  readonly delete?: boolean;
  /** What is watched was itself deleted. */
  readonly deleteSelf?: boolean;
  /** What is watched was itself moved. */
  readonly moveSelf?: boolean;

  /** Refuse what is no directory with `ENOTDIR`, `IN_ONLYDIR`. */
  readonly onlyDirectory?: boolean;
  /** Watch a symbolic link itself, `IN_DONT_FOLLOW`. */
  readonly noFollow?: boolean;
  /** Nothing more of entries once they are unlinked, `IN_EXCL_UNLINK`. */
  readonly excludeUnlinked?: boolean;
  /** Refuse what is watched already with `EEXIST`, `IN_MASK_CREATE`; since Linux 4.18. */
  readonly newOnly?: boolean;
  /** Add to what is watched for already, instead of replacing it: `IN_MASK_ADD`. */
  readonly add?: boolean;
  /** End the watch with its first event, `IN_ONESHOT`. */
  readonly once?: boolean;
}

/**
 * A watcher of files and directories, inotify(7), readable once something has happened. It sees
 * what happens through this kernel: not on other machines, not in `/proc`, and not below the
 * directory's own entries.
 *
 * @returns The watcher, which watches nothing yet
 * @throws {SyscallError} `EMFILE` if the user has too many watchers, or too many descriptors are
 * open; see `/proc/sys/fs/inotify/max_user_instances`
 *
 * @example Usage
 * ```ts
 * import { inotify } from "@posixly/fd";
 * import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
 * import assert from "node:assert/strict";
 *
 * const folder = mkdtempSync("/tmp/inotify-");
 * using watcher = inotify();
 * watcher.watch(folder, { create: true });
 * assert.equal(watcher.events(), null); // nothing yet
 *
 * writeFileSync(`${folder}/new`, "");
 * const [event] = watcher.events()!;
 * assert.deepEqual([event.kinds, event.name], [["create"], "new"]);
 * rmSync(folder, { recursive: true });
 * ```
 */
export function inotify(): Inotify {
  return new Inotify(ok(libc.inotify_init1(IN_CLOEXEC | IN_NONBLOCK), "inotify_init1"));
}

/**
 * The watcher that {@linkcode inotify} makes; or take one over that came from elsewhere.
 *
 * @example Usage
 * ```ts
 * import { Inotify, inotify } from "@posixly/fd";
 * import assert from "node:assert/strict";
 *
 * using watcher = new Inotify(inotify().release());
 * assert.equal(watcher.events(), null);
 * ```
 */
export class Inotify extends OwnedFd {
  readonly #buffer = new Uint8Array(BUFFER_SIZE);

  /**
   * Watches a file or directory, inotify_add_watch(2). Watching what is watched already changes
   * what is watched for, and returns the same number.
   *
   * @param path The file; bytes for a name that is not UTF-8
   * @param options What to watch for
   * @returns The number of the watch, which each of its events bears
   * @throws {SyscallError} `ENOENT`, `EACCES`, `ENOTDIR`, `EEXIST`; `ENOSPC` if the user has too
   * many watches, see `/proc/sys/fs/inotify/max_user_watches`
   * @throws {TypeError} If the path holds a NUL, or there is no such option
   */
  watch(path: string | Uint8Array, options: InotifyOptions = {}): number {
    const { fd } = this;
    const name = cstring(path, "path");
    const asked = bitsOf(bits, options);
    const mask = (asked & ALL_EVENTS) === 0 ? asked | ALL_EVENTS : asked;
    const watch = libc.inotify_add_watch(fd, name, mask >>> 0);
    return ok(watch, "inotify_add_watch", { fd, path: fromCString(name) });
  }

  /**
   * Ends a watch, inotify_rm_watch(2). One last event says `ignored`; those that had happened
   * come before.
   *
   * @param watch The number that {@linkcode Inotify.watch} returned
   * @throws {SyscallError} `EINVAL` if there is no such watch
   * @throws {TypeError | RangeError} If `watch` is no such number
   */
  unwatch(watch: number): void {
    const { fd } = this;
    requireInteger(watch, "watch", 1);
    ok(libc.inotify_rm_watch(fd, watch), "inotify_rm_watch", { fd });
  }

  /**
   * Takes what has happened, the oldest first. There may be more: ask until there is none.
   *
   * @returns The events, or `null` if it would block because there are none
   */
  events(): InotifyEvent[] | null {
    const length = read(this, this.#buffer);
    return length === null ? null : decodeEvents(this.#buffer.subarray(0, length));
  }
}

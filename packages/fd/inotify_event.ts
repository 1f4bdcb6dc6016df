import { fromCString, namesOf } from "@posixly/sys";
import {
  IN_ACCESS,
  IN_ATTRIB,
  IN_CLOSE_NOWRITE,
  IN_CLOSE_WRITE,
  IN_CREATE,
  IN_DELETE,
  IN_DELETE_SELF,
  IN_IGNORED,
  IN_ISDIR,
  IN_MODIFY,
  IN_MOVE_SELF,
  IN_MOVED_FROM,
  IN_MOVED_TO,
  IN_OPEN,
  IN_Q_OVERFLOW,
  IN_UNMOUNT,
  inotifyEvent,
} from "./libc.ts";

const kinds: Record<InotifyKind, number> = {
  access: IN_ACCESS,
  attributes: IN_ATTRIB,
  closeNoWrite: IN_CLOSE_NOWRITE,
  closeWrite: IN_CLOSE_WRITE,
  create: IN_CREATE,
  delete: IN_DELETE,
  deleteSelf: IN_DELETE_SELF,
  ignored: IN_IGNORED,
  modify: IN_MODIFY,
  movedFrom: IN_MOVED_FROM,
  movedTo: IN_MOVED_TO,
  moveSelf: IN_MOVE_SELF,
  open: IN_OPEN,
  overflow: IN_Q_OVERFLOW,
  unmount: IN_UNMOUNT,
};

/**
 * What happened: one of what {@linkcode InotifyOptions} asks for, or what is told unasked:
 *
 * - `ignored`: the watch is over, since it was removed, or what it watched is gone
 * - `overflow`: events were lost, since nobody took them; look at everything anew
 * - `unmount`: the file system is gone
 *
 * @example Usage
 * ```ts
 * import type { InotifyKind } from "@posixly/fd";
 *
 * const renames: InotifyKind[] = ["movedFrom", "movedTo"];
 * ```
 */
export type InotifyKind =
  | "access"
  | "attributes"
  | "closeNoWrite"
  | "closeWrite"
  | "create"
  | "delete"
  | "deleteSelf"
  | "ignored"
  | "modify"
  | "movedFrom"
  | "movedTo"
  | "moveSelf"
  | "open"
  | "overflow"
  | "unmount";

/**
 * One event of {@linkcode Inotify.events}.
 *
 * @example Usage
 * ```ts
 * import type { InotifyEvent } from "@posixly/fd";
 *
 * function show({ kinds, name }: InotifyEvent): string {
 *   return `${kinds.join("+")} ${name ?? "itself"}`;
 * }
 * ```
 */
export interface InotifyEvent {
  /** Which watch it is of, as {@linkcode Inotify.watch} returned it; -1 for `overflow`. */
  readonly watch: number;
  /** What happened: nearly always one, but truncating may be `modify` and `attributes`. */
  readonly kinds: readonly InotifyKind[];
  /** Whether it happened to a directory. */
  readonly isDirectory: boolean;
  /** What `movedFrom` and `movedTo` of one renaming have in common; else 0. */
  readonly cookie: number;
  /**
   * The entry of the watched directory; `null` if it happened to what is watched itself. Bytes
   * that are not UTF-8 become U+FFFD.
   */
  readonly name: string | null;
  /** The same, exactly. */
  readonly nameBytes: Uint8Array | null;
}

/** The events that lie in `bytes`; one that is cut off at the end is left out. */
export function decodeEvents(bytes: Uint8Array): InotifyEvent[] {
  const events: InotifyEvent[] = [];
  let at = 0;
  while (at + inotifyEvent.size <= bytes.length) {
    const { wd, mask, cookie, len } = inotifyEvent.decode(bytes, at);
    const nameAt = at + inotifyEvent.size;
    at = nameAt + len;
    if (at > bytes.length) break;
    const nameBytes = len === 0 ? null : upToNul(bytes.slice(nameAt, at));
    events.push({
      watch: wd,
      kinds: namesOf(kinds, mask),
      isDirectory: (mask & IN_ISDIR) !== 0,
      cookie,
      name: nameBytes && fromCString(nameBytes),
      nameBytes,
    });
  }
  return events;
}

function upToNul(bytes: Uint8Array): Uint8Array {
  const end = bytes.indexOf(0);
  return end === -1 ? bytes : bytes.subarray(0, end);
}

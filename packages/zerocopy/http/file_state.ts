import { type AsFd, fdOf } from "@posixly/fd";
import { cstring } from "@posixly/sys";
import {
  AT_EMPTY_PATH,
  AT_NO_AUTOMOUNT,
  libc,
  statx,
  STATX_BASIC_STATS,
  SYS_statx,
} from "../libc.ts";

// All that statx(2) says, but for when the file was last read.
const WORD = 4;
const ACCESSED = statx.offsets.stx_atime / WORD;
const AFTER_ACCESSED = statx.offsets.stx_btime / WORD;
const END = statx.size / WORD;

const nothing = cstring("");
const now = new Int32Array(END);

/** Which file it was, and as it was. */
export class FileState {
  readonly #then: Int32Array = new Int32Array(END);

  /** Of what goes on from here, nothing is missed. */
  constructor(file: AsFd) {
    libc.syscall$statx(
      SYS_statx,
      fdOf(file),
      nothing,
      AT_EMPTY_PATH,
      STATX_BASIC_STATS,
      this.#then,
    );
  }

  /** Whether a path leads to the same file, and nobody has changed it. */
  isStillAt(folder: AsFd, path: Uint8Array): boolean {
    const then = this.#then;
    const result = libc.syscall$statx(
      SYS_statx,
      fdOf(folder),
      path,
      AT_NO_AUTOMOUNT,
      STATX_BASIC_STATS,
      now,
    );
    if (result !== 0) return false;
    for (let i = 0; i < ACCESSED; i++) if (now[i] !== then[i]) return false;
    for (let i = AFTER_ACCESSED; i < END; i++) if (now[i] !== then[i]) return false;
    return true;
  }
}

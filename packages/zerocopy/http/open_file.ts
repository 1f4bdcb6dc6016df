import type { OwnedFd } from "@posixly/fd";
import { cstring } from "@posixly/sys";
import { AT_EMPTY_PATH, AT_NO_AUTOMOUNT, libc, statx, STATX_BASIC_STATS } from "../libc.ts";
import { type Manner, type Representation, representationOf } from "./representation.ts";

/** A file to be sent. Close it when it is. */
export interface FoundFile extends Disposable {
  readonly kind: "file";
  /** Others may be sending it too: do not close it, and do not use its position. */
  readonly file: OwnedFd;
  readonly representation: Representation;
  /** Gives the file back; once is enough. */
  close(): void;
}

// All that statx(2) says, but for when the file was last read.
const WORD = 4;
const beforeAccess = statx.offsets.stx_atime / WORD;
const afterAccess = statx.offsets.stx_btime / WORD;
const end = statx.size / WORD;

const nothing = cstring("");
const now = new Int32Array(end);

/** A file that is open to be sent, to as many as ask for it for as long as it stays the same. */
export class OpenFile {
  readonly representation: Representation;
  readonly #folder: OwnedFd;
  readonly #path: Uint8Array;
  readonly #file: OwnedFd;
  /** What the kernel said of it, before anything was made of that. */
  readonly #state: Int32Array = new Int32Array(end);
  #loans = 0;
  #isRetired = false;

  /**
   * Takes over a regular file.
   *
   * @param folder Where its path begins
   * @param name Says of what type it is
   */
  constructor(folder: OwnedFd, path: string, file: OwnedFd, name: string, manner: Manner) {
    this.#folder = folder;
    this.#path = cstring(path);
    this.#file = file;
    libc.statx(file.fd, nothing, AT_EMPTY_PATH, STATX_BASIC_STATS, this.#state);
    this.representation = representationOf(file, name, manner);
  }

  /**
   * Whether the path still leads to this very file, and nobody has changed it. If so, it does not
   * matter by which links: its contents were allowed to be seen.
   */
  get isCurrent(): boolean {
    const path = this.#path;
    const result = libc.statx(this.#folder.fd, path, AT_NO_AUTOMOUNT, STATX_BASIC_STATS, now);
    if (result !== 0) return false;
    for (let i = 0; i < beforeAccess; i++) if (now[i] !== this.#state[i]) return false;
    for (let i = afterAccess; i < end; i++) if (now[i] !== this.#state[i]) return false;
    return true;
  }

  /** Lends it to somebody who sends it. */
  lend(): FoundFile {
    this.#loans++;
    return new Loan(this, this.#file);
  }

  /** Closes it once nobody sends it any more. */
  retire(): void {
    this.#isRetired = true;
    if (this.#loans === 0) this.#file.close();
  }

  returned(): void {
    if (--this.#loans === 0 && this.#isRetired) this.#file.close();
  }
}

class Loan implements FoundFile {
  readonly kind = "file";
  readonly file: OwnedFd;
  readonly representation: Representation;
  #lender: OpenFile | undefined;

  constructor(lender: OpenFile, file: OwnedFd) {
    this.file = file;
    this.representation = lender.representation;
    this.#lender = lender;
  }

  close(): void {
    this.#lender?.returned();
    this.#lender = undefined;
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

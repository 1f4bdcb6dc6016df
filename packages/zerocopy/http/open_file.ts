import type { OwnedFd, Stat } from "@posixly/fd";
import { cstring } from "@posixly/sys";
import type { FileState } from "./file_state.ts";
import { letGo } from "./let_go.ts";
import type { Representation } from "./representation.ts";

/** A file to be sent. Close it when it is. */
export interface FoundFile extends Disposable {
  readonly kind: "file";
  /** Others may be sending it too: do not close it, and do not use its position. */
  readonly file: OwnedFd;
  readonly representation: Representation;
  /** The `Date` at which all of it was in memory; nothing if nobody has looked. */
  warmAt: string;
  /** Gives the file back; once is enough. */
  close(): void;
}

/** A file that is open to be sent, to as many as ask for it for as long as it stays the same. */
export class OpenFile {
  readonly representation: Representation;
  /** When it last changed, to the nanosecond, even if that is to come. */
  readonly modified: Stat["modified"];
  /** See {@linkcode FoundFile.warmAt}. */
  warmAt = "";
  readonly #file: OwnedFd;
  readonly #state: FileState;
  readonly #folder: OwnedFd;
  readonly #path: Uint8Array;
  #loans = 0;
  #isRetired = false;

  /**
   * Takes over a regular file.
   *
   * @param state What it was when its representation was made, or before
   * @param folder Where its path begins
   */
  constructor(
    file: OwnedFd,
    representation: Representation,
    modified: Stat["modified"],
    state: FileState,
    folder: OwnedFd,
    path: string,
  ) {
    this.representation = representation;
    this.modified = modified;
    this.#file = file;
    this.#state = state;
    this.#folder = folder;
    this.#path = cstring(path);
  }

  /**
   * Whether the path still leads to this very file, and nobody has changed it. By which links it
   * does so no longer matters: the contents are those that were allowed to be seen.
   */
  get isCurrent(): boolean {
    return this.#state.isStillAt(this.#folder, this.#path);
  }

  /** Lends it to somebody who sends it. */
  lend(): FoundFile {
    this.#loans++;
    return new Loan(this, this.#file);
  }

  /** Closes it once nobody sends it any more. */
  retire(): void {
    this.#isRetired = true;
    if (this.#loans === 0) this.#close();
  }

  returned(): void {
    if (--this.#loans === 0 && this.#isRetired) this.#close();
  }

  #close(): void {
    letGo(this.#file);
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

  get warmAt(): string {
    return this.#lender?.warmAt ?? "";
  }

  set warmAt(date: string) {
    if (this.#lender !== undefined) this.#lender.warmAt = date;
  }

  close(): void {
    this.#lender?.returned();
    this.#lender = undefined;
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

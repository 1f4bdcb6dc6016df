import { allocate, type AsFd, fdOf, stat, truncate } from "@posixly/fd";
import { SyscallError } from "@posixly/sys";
import { fileSystemOf } from "./file_system.ts";
import { EXT4_SUPER_MAGIC } from "./libc.ts";

/** Below so many bytes it takes longer than it saves. */
const WORTHWHILE = 2 ** 19;

/** How much of what is written last has none, in bytes: no block is larger. */
const REST = 2n ** 16n;

/**
 * Room in a file for what is about to be written there.
 *
 * ext4 keeps account of each page that has no place on the disk yet, which is a quarter of what a
 * copy costs. Elsewhere nothing is gained, or something lost: Btrfs compresses nothing that has its
 * place already.
 *
 * What is written last shall have none. A file that was truncated before is stored by ext4 when it
 * is closed, lest it be empty after a crash, but only if it has a page without a place.
 */
export class Room {
  readonly #file: AsFd;
  #isWanted: boolean | undefined;
  #end = 0n;

  constructor(file: AsFd) {
    this.#file = file;
  }

  /**
   * Sees to it that there is room for a part of the file, if that is of use.
   *
   * @param end Where ends what is going to be written
   */
  make(offset: bigint, length: number, end: bigint): void {
    const part = Math.min(length, Number(end - REST - offset));
    if (part < WORTHWHILE) return;
    this.#isWanted ??= fileSystemOf(fdOf(this.#file)).type === EXT4_SUPER_MAGIC;
    if (!this.#isWanted) return;
    this.#end = offset + BigInt(part);
    try {
      allocate(this.#file, offset, part, { keepSize: true });
    } catch (error) {
      if (!(error instanceof SyscallError)) throw error;
      this.#isWanted = false; // if there is none left, it is the copy that meets that
    }
  }

  /** Gives back what was not used, behind the end of the file. */
  [Symbol.dispose](): void {
    if (this.#end === 0n) return;
    try {
      const { size } = stat(this.#file);
      if (size < this.#end) truncate(this.#file, size);
    } catch {
      // It was closed meanwhile, or fails altogether: the copy has met that, and tells.
    }
  }
}

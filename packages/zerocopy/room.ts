import { allocate, type AsFd, fdOf, stat, truncate } from "@posixly/fd";
import { SyscallError } from "@posixly/sys";
import { fileSystemOf } from "./file_system.ts";
import { EXT4_SUPER_MAGIC } from "./libc.ts";

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

  /** Sees to it that there is room for a part of the file, if that is of use. */
  make(offset: bigint, length: number): void {
    this.#isWanted ??= fileSystemOf(fdOf(this.#file)).type === EXT4_SUPER_MAGIC;
    if (!this.#isWanted) return;
    this.#end = offset + BigInt(length);
    try {
      allocate(this.#file, offset, length, { keepSize: true });
    } catch (error) {
      if (!(error instanceof SyscallError)) throw error;
      this.#isWanted = false; // if there is none left, it is the copy that meets that
    }
  }

  /** Gives back what was not used, behind the end of the file. */
  [Symbol.dispose](): void {
    if (this.#end === 0n) return;
    const { size } = stat(this.#file);
    if (size < this.#end) truncate(this.#file, size);
  }
}

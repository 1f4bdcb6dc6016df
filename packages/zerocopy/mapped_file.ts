import { stat } from "@posixly/fd";
import { type FileIdentity, isOneFile } from "./same_file.ts";

/** Tells how long a file that is mapped is by now, for as long as its descriptor is open. */
export class MappedFile {
  readonly #fd: number;
  readonly #offset: number | bigint;
  readonly #identity: FileIdentity;

  /**
   * @param fd Its descriptor, which may be closed at any time
   * @param offset Where in it the first page begins
   * @param identity Which file it is
   */
  constructor(fd: number, offset: number | bigint, { inode, device }: FileIdentity) {
    this.#fd = fd;
    this.#offset = offset;
    this.#identity = { inode, device };
  }

  /** How many bytes it has from its first page on; `Infinity` if there is nobody to ask. */
  get length(): number {
    try {
      const now = stat(this.#fd);
      // Once it was closed, the number may be that of any file.
      if (!isOneFile(now, this.#identity)) return Infinity;
      return Number(BigInt(now.size) - BigInt(this.#offset));
    } catch (error) {
      if ((error as { code?: string }).code === "EBADF") return Infinity;
      throw error;
    }
  }
}

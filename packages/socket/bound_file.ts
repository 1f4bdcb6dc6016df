import { type Stat, stat } from "@posixly/fd";
import { cstring, errno, fromCString, ok } from "@posixly/sys";
import { libc } from "./libc.ts";

/** The file that a `unix` socket is bound to. Somebody else may take its path meanwhile. */
export class BoundFile {
  readonly #path: Uint8Array<ArrayBuffer>;
  readonly #found: Stat;

  /**
   * Looks at the file.
   *
   * @throws {SyscallError} `ENOENT` if there is none
   */
  constructor(path: string | Uint8Array) {
    this.#path = cstring(path, "path");
    this.#found = this.#look();
  }

  /** Whether it is a socket. */
  get isSocket(): boolean {
    return this.#found.kind === "socket";
  }

  /**
   * Whether it is still the one at its path. An inode is given to no other file as long as a
   * socket is bound to it, so ask before that is closed.
   */
  get isThere(): boolean {
    try {
      const { inode, device } = this.#look();
      return inode === this.#found.inode && device.major === this.#found.device.major &&
        device.minor === this.#found.device.minor;
    } catch {
      return false;
    }
  }

  /** Removes whatever is at its path, unlink(2). */
  remove(): void {
    const removed = libc.unlink(this.#path);
    if (removed !== -errno.ENOENT) ok(removed, "unlink", { path: fromCString(this.#path) });
  }

  #look(): Stat {
    return stat(this.#path.subarray(0, -1), { noFollow: true });
  }
}

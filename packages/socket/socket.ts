import { OwnedFd } from "@posixly/fd";
import { BoundFile } from "./bound_file.ts";

/**
 * A socket: whatever talks to others through the kernel, here or on another machine.
 * {@linkcode socket} makes one, {@linkcode accept} and {@linkcode socketPair} do, and
 * {@linkcode adopt} takes one over that came from elsewhere.
 *
 * @example Usage
 * ```ts
 * import { socket, Socket } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * using udp = socket("ipv4", "datagram");
 * assert.ok(udp instanceof Socket);
 * ```
 */
export class Socket extends OwnedFd {
  #file: BoundFile | undefined;

  /**
   * Has the file that a `unix` socket is bound to removed when it is closed, unlink(2); the kernel
   * leaves it. If by then it is another one, since somebody else has taken the path, it stays; and
   * so it does when the socket is released.
   *
   * @param path The file; a relative one is that of the working directory at the time of closing
   * @throws {SyscallError} `ENOENT` if there is no such file
   * @throws {TypeError} If `path` is none
   */
  unlinkOnClose(path: string | Uint8Array): void {
    this.#file = new BoundFile(path);
  }

  /**
   * Closes the socket, close(2), and removes its file if it was asked to. Once is enough.
   *
   * @throws {SyscallError} As that of `OwnedFd`; `EACCES` or `EROFS` if the file cannot be removed
   */
  override close(): void {
    if (this.closed) return;
    const file = this.#file?.isThere ? this.#file : undefined;
    this.#file = undefined;
    try {
      super.close();
    } finally {
      file?.remove();
    }
  }
}

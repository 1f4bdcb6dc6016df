import { OwnedFd } from "@posixly/fd";
import { cstring, errno, fromCString, ok } from "@posixly/sys";
import { libc } from "./libc.ts";

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
  #path: Uint8Array<ArrayBuffer> | undefined;

  /**
   * Has the file that a `unix` socket is bound to removed when it is closed, unlink(2); the kernel
   * leaves it. One that is released keeps it.
   *
   * @param path The file; a relative one is that of the working directory at the time of closing
   * @throws {TypeError} If `path` is none
   */
  unlinkOnClose(path: string | Uint8Array): void {
    this.#path = cstring(path, "path");
  }

  /**
   * Closes the socket, close(2), and removes its file if it was asked to. Once is enough.
   *
   * @throws {SyscallError} As that of `OwnedFd`; `EACCES` or `EROFS` if the file cannot be removed
   */
  override close(): void {
    if (this.closed) return;
    super.close();
    if (this.#path === undefined) return;
    const removed = libc.unlink(this.#path);
    if (removed !== -errno.ENOENT) ok(removed, "unlink", { path: fromCString(this.#path) });
  }
}

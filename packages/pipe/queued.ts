import { type AsFd, fdOf } from "@posixly/fd";
import { ok } from "@posixly/sys";
import { FIONREAD, libc } from "./libc.ts";

/**
 * How many bytes wait in a pipe to be read, ioctl(2) with `FIONREAD`.
 *
 * @param pipe Either end
 * @returns How many bytes; in packet mode of all packets together
 * @throws {SyscallError} `EBADF` if it is not open, `ENOTTY` if such a thing holds no bytes
 * @throws {TypeError | RangeError} If it is no descriptor
 *
 * @example Usage
 * ```ts
 * import { write } from "@posixly/fd";
 * import { pipe, queued } from "@posixly/pipe";
 * import assert from "node:assert/strict";
 *
 * using ends = pipe();
 * write(ends.writer, new Uint8Array(100));
 * assert.equal(queued(ends.reader), 100);
 * ```
 */
export function queued(pipe: AsFd): number {
  const fd = fdOf(pipe, "pipe");
  const count = new Int32Array(1);
  ok(libc.ioctl$bytes(fd, FIONREAD, count), "ioctl", { fd });
  return count[0];
}

import { fdOf, type OwnedFd } from "@posixly/fd";
import { SO_TYPE } from "./libc.ts";
import { Socket } from "./socket.ts";
import { socketLevel } from "./socket_level.ts";

/**
 * Takes over a socket that came from elsewhere: from the program that started this one, through
 * another socket, or as a number. From then on it is ours to close.
 *
 * It is left as it is. `setFlags` of `@posixly/fd` makes it close-on-exec; whether it blocks is
 * shared with whoever else has it. {@linkcode socketInfo} tells what it is.
 *
 * @param fd The descriptor; an `OwnedFd` is released
 * @returns The socket
 * @throws {SyscallError} `ENOTSOCK` if it is something else, `EBADF` if it is not open; then it
 * stays with whoever had it
 *
 * @example The first socket that systemd has passed
 * ```ts
 * import { eventfd } from "@posixly/fd";
 * import { adopt, socket, socketInfo } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * const passed = socket("unix", "stream").release(); // a number, such as 3
 * using server = adopt(passed);
 * assert.equal(socketInfo(server).domain, "unix");
 *
 * using counter = eventfd();
 * assert.throws(() => adopt(counter), { code: "ENOTSOCK" });
 * ```
 */
export function adopt(fd: number | OwnedFd): Socket {
  const number = fdOf(fd);
  socketLevel(number, SO_TYPE);
  return new Socket(typeof fd === "number" ? fd : fd.release());
}

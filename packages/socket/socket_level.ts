import { ok } from "@posixly/sys";
import { libc, SOL_SOCKET } from "./libc.ts";

/** What a socket says of itself, an `int` of getsockopt(2) at `SOL_SOCKET`. */
export function socketLevel(fd: number, option: number): number {
  const value = new Int32Array(1);
  const length = new Uint32Array([value.byteLength]);
  ok(libc.getsockopt(fd, SOL_SOCKET, option, value, length), "getsockopt", { fd });
  return value[0];
}

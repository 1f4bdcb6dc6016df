import { ok, requireInteger64, retry } from "@posixly/sys";
import { type AsFd, fdOf } from "./as_fd.ts";
import { libc } from "./libc.ts";

/** fallocate(2), which is five functions in one. */
export function fallocate(
  fd: AsFd,
  mode: number,
  offset: number | bigint,
  length: number | bigint,
): void {
  const number = fdOf(fd);
  requireInteger64(offset, "offset");
  requireInteger64(length, "length", 1n);
  ok(retry(() => libc.fallocate(number, mode, offset, length)), "fallocate", { fd: number });
}

import {
  type Bytes,
  errno,
  ok,
  requireBytes,
  requireInteger,
  requireInteger64,
  retry,
} from "@posixly/sys";
import { type AsFd, fdOf } from "./as_fd.ts";
import { libc } from "./libc.ts";

/**
 * Asks a driver for what no other call does, ioctl(2).
 *
 * What a request means, and whether its argument is a number or a struct that is read or filled
 * in, only its documentation says. Most of the newer requests carry the size of their struct, and
 * then a buffer that is too small is refused; with the others, such as those of terminals,
 * **the kernel writes beyond a buffer that is too small**.
 *
 * @param fd The descriptor
 * @param request What to ask for, from 0 to 2 ** 32 - 1
 * @param argument A number, or a buffer that the driver reads, fills in, or both
 * @returns What the request returns, mostly 0; `null` if it would block
 * @throws {SyscallError} `ENOTTY` if the driver knows no such request, `EBADF` if the descriptor is
 * not open; each request has errors of its own
 * @throws {TypeError | RangeError} If `request` or `argument` is none, or the buffer is
 * smaller than the request says
 *
 * @example A number in, a struct out
 * ```ts
 * import { ioctl, memfd, open } from "@posixly/fd";
 * import assert from "node:assert/strict";
 *
 * const FIONREAD = 0x541b;
 * using file = open("/proc/self/exe");
 * const queued = new Int32Array(1);
 * assert.equal(ioctl(file, FIONREAD, queued), 0);
 * assert.ok(queued[0] !== 0); // how many bytes are left to read
 *
 * const FIOCLEX = 0x5451;
 * assert.equal(ioctl(file, FIOCLEX), 0);
 * ```
 */
export function ioctl(
  fd: AsFd,
  request: number,
  argument: number | bigint | Bytes = 0,
): number | null {
  const number = fdOf(fd);
  requireInteger(request, "request", 0, 0xffff_ffff);
  const result = typeof argument === "object"
    ? withBytes(number, request, requireBytes(argument, "argument"))
    : withNumber(number, request, requireInteger64(argument, "argument", I64_MIN));
  return result === -errno.EAGAIN ? null : ok(result, "ioctl", { fd: number });
}

const I64_MIN = -(2n ** 63n);

function withNumber(fd: number, request: number, argument: number | bigint): number {
  return retry(() => libc.ioctl$int(fd, request, argument));
}

function withBytes(fd: number, request: number, argument: Bytes): number {
  const size = sizeOf(request);
  if (argument.byteLength < size) {
    throw new RangeError(
      `argument must have the ${size} bytes that the request asks for, not ${argument.byteLength}`,
    );
  }
  return retry(() => libc.ioctl$bytes(fd, request, argument));
}

/** The size of a request's struct, `_IOC_SIZE`; 0 for a request that moves none or is too old. */
function sizeOf(request: number): number {
  const direction = request >>> 30;
  return direction === 0 ? 0 : request >>> 16 & 0x3fff;
}

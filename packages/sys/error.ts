import { errno as numbers, errnoMessage, errnoName } from "./errno.ts";

/**
 * What a failed call was about; every part is optional.
 *
 * @example Usage
 * ```ts
 * import { ok, type SyscallContext } from "@posixly/sys";
 * import assert from "node:assert/strict";
 *
 * const context: SyscallContext = { path: "/etc/shadow" };
 * assert.throws(() => ok(-13, "open", context), { code: "EACCES", path: "/etc/shadow" });
 * ```
 */
export interface SyscallContext {
  /** The descriptor the call was made on. */
  readonly fd?: number;
  /** The file the call was about. */
  readonly path?: string;
  /** The address the call was about, as people write it. */
  readonly address?: string;
  /** The right that the call takes, which an `EPERM` or `EACCES` means that we lack. */
  readonly capability?: string;
}

/**
 * The kernel refused a call. Shaped like Node's system errors: test `code`, not
 * `instanceof`, since a program may hold two copies of this package.
 *
 * @example Usage
 * ```ts
 * import { bind, ok } from "@posixly/sys";
 * import assert from "node:assert/strict";
 *
 * const libc = bind({ close: ["i32", "i32"] });
 * assert.throws(() => ok(libc.close(-1), "close", { fd: -1 }), {
 *   name: "SyscallError",
 *   code: "EBADF",
 *   errno: 9,
 *   syscall: "close",
 *   message: "Cannot close descriptor -1: bad file descriptor (EBADF)",
 * });
 * ```
 */
export class SyscallError extends Error {
  override readonly name = "SyscallError";
  /** The name of the error, such as `EBADF`. */
  readonly code: string;
  /** The number of the error, positive. */
  readonly errno: number;
  /** The name of the call that failed. */
  readonly syscall: string;
  /** The descriptor the call was made on. */
  declare readonly fd?: number;
  /** The file the call was about. */
  declare readonly path?: string;
  /** The address the call was about. */
  declare readonly address?: string;
  /**
   * The right that is missing, such as `CAP_NET_ADMIN`, see capabilities(7): root has it, and
   * setcap(8) gives it to a program.
   */
  declare readonly capability?: string;

  /**
   * @param errno The error number, positive
   * @param syscall The name of the call that failed
   * @param context What the call was about
   */
  constructor(errno: number, syscall: string, context: SyscallContext = {}) {
    const code = errnoName(errno);
    super(`Cannot ${syscall}${describe(context)}: ${errnoMessage(errno)} (${code})`);
    this.code = code;
    this.errno = errno;
    this.syscall = syscall;
    for (const key of ["fd", "path", "address"] as const) {
      if (context[key] !== undefined) Object.assign(this, { [key]: context[key] });
    }
    const { capability } = context;
    if (capability !== undefined && (code === "EPERM" || code === "EACCES")) {
      this.capability = capability;
      this.message += `; it takes ${capability}`;
    }
  }
}

function describe({ fd, path, address }: SyscallContext): string {
  let text = "";
  if (path !== undefined) text += ` ${JSON.stringify(path)}`;
  if (address !== undefined) text += ` ${address}`;
  if (fd !== undefined) text += ` descriptor ${fd}`;
  return text;
}

/**
 * Lets a good result through and makes an error of a bad one.
 *
 * @param result What a bound function returned: `n >= 0` or `-errno`
 * @param syscall The name of the call, for the error
 * @param context What the call was about, for the error
 * @returns `result`, unless it is negative
 * @throws {SyscallError} If `result` is negative
 *
 * @example Usage
 * ```ts
 * import { ok } from "@posixly/sys";
 * import assert from "node:assert/strict";
 *
 * assert.equal(ok(7, "read"), 7);
 * assert.throws(() => ok(-9, "read", { fd: 4 }), { code: "EBADF", fd: 4 });
 * ```
 */
export function ok<T extends number | bigint>(
  result: T,
  syscall: string,
  context?: SyscallContext,
): T {
  if (result < 0) throw new SyscallError(-Number(result), syscall, context);
  return result;
}

/**
 * As {@linkcode ok}, for a call that older kernels lack: then the error says which one has it.
 *
 * @param kernel The version of Linux that brought the call
 * @param result What a bound function returned: `n >= 0` or `-errno`
 * @param syscall The name of the call, for the error
 * @param context What the call was about, for the error
 * @returns `result`, unless it is negative
 * @throws {SyscallError} If `result` is negative
 *
 * @example Usage
 * ```ts
 * import { errno, okSince } from "@posixly/sys";
 * import assert from "node:assert/strict";
 *
 * assert.throws(() => okSince("5.6", -errno.ENOSYS, "openat2"), {
 *   message: /it needs Linux 5.6 or newer/,
 * });
 * ```
 */
export function okSince<T extends number | bigint>(
  kernel: string,
  result: T,
  syscall: string,
  context?: SyscallContext,
): T {
  if (Number(result) !== -numbers.ENOSYS) return ok(result, syscall, context);
  const error = new SyscallError(numbers.ENOSYS, syscall, context);
  error.message += `; it needs Linux ${kernel} or newer`;
  throw error;
}

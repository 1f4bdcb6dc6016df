import { bitsOf, cstring, ok, requireInteger } from "@posixly/sys";
import {
  libc,
  MFD_ALLOW_SEALING,
  MFD_CLOEXEC,
  MFD_EXEC,
  MFD_HUGE_SHIFT,
  MFD_HUGETLB,
  MFD_NOEXEC_SEAL,
} from "./libc.ts";
import { OwnedFd } from "./owned_fd.ts";

/** The longest name: 255 bytes, less what the kernel puts before it. */
const MAX_NAME = 249;

/**
 * What kind of memory a file is made of.
 *
 * @example Usage
 * ```ts
 * import { addSeals, memfd, type MemfdOptions } from "@posixly/fd";
 *
 * const options: MemfdOptions = { sealable: true };
 * using file = memfd("message", options);
 * addSeals(file, { shrink: true });
 * ```
 */
export interface MemfdOptions {
  /** Whether seals may be added, see {@linkcode addSeals}: `MFD_ALLOW_SEALING`. */
  readonly sealable?: boolean;
  /**
   * Whether it may be executed, `MFD_EXEC`, or never, `MFD_NOEXEC_SEAL`, which makes it
   * sealable too. By default as the system is set up. Since Linux 6.3.
   */
  readonly executable?: boolean;
  /**
   * Huge pages, `MFD_HUGETLB`: `true` for the system's usual size, or the size in bytes, a power
   * of two. Such a file cannot be written, only mapped.
   */
  readonly hugePages?: boolean | number;
}

/**
 * A file without a path that lives in memory, memfd_create(2): to be mapped, sealed, or passed
 * to another process. It goes when its last descriptor does.
 *
 * @param name What `/proc` calls it, up to 249 bytes; need not be unique
 * @param options What kind of memory it is made of
 * @returns The file, empty, open for reading and writing
 * @throws {SyscallError} `EINVAL` if the kernel knows no such option, `ENODEV` if it has no huge
 * pages of that size, `EACCES` if the system allows none that can be executed, `EMFILE` or
 * `ENFILE` if too many descriptors are open
 * @throws {TypeError | RangeError} If the name holds a NUL or is too long
 *
 * @example Usage
 * ```ts
 * import { memfd, write } from "@posixly/fd";
 * import assert from "node:assert/strict";
 *
 * using file = memfd("message");
 * assert.equal(write(file, new TextEncoder().encode("hello")), 5);
 * ```
 */
export function memfd(name: string | Uint8Array = "", options: MemfdOptions = {}): OwnedFd {
  const { executable, hugePages, ...rest } = options;
  const path = cstring(name, "name");
  if (path.length - 1 > MAX_NAME) {
    throw new RangeError(`name must be up to ${MAX_NAME} bytes, not ${path.length - 1}`);
  }
  const flags = MFD_CLOEXEC |
    bitsOf({ sealable: MFD_ALLOW_SEALING }, rest, ["executable", "hugePages"]) |
    bitsOf({ executable: MFD_EXEC }, { executable }) |
    (executable === false ? MFD_NOEXEC_SEAL : 0) |
    hugePagesOf(hugePages);
  return new OwnedFd(ok(libc.memfd_create(path, flags >>> 0), "memfd_create"));
}

/** The size of huge pages goes as its logarithm, into the upper bits. */
function hugePagesOf(size: boolean | number = false): number {
  if (typeof size === "boolean") return size ? MFD_HUGETLB : 0;
  const log = Math.log2(requireInteger(size, "hugePages", 2, 2 ** 52));
  if (!Number.isInteger(log)) throw new RangeError(`hugePages must be a power of 2, not ${size}`);
  return MFD_HUGETLB | (log << MFD_HUGE_SHIFT);
}

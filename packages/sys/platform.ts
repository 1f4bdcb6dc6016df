import { ffi } from "#ffi";

/**
 * The platform this program runs on, in Node's words.
 *
 * @example Usage
 * ```ts
 * import { platform } from "@posixly/sys";
 * import assert from "node:assert/strict";
 *
 * assert.equal(platform.os, "linux");
 * ```
 */
export const platform: {
  /** The operating system, such as `linux`, `darwin` or `windows`. */
  readonly os: string;
  /** The processor, such as `x64` or `arm64`. */
  readonly arch: string;
} = { os: ffi.os, arch: ffi.arch };

/**
 * Picks the value for this processor. On any other, which cannot be bound
 * anyway, it is the x64 one.
 *
 * @param values One value for each processor that has tables
 * @returns The one that holds here
 *
 * @example Usage
 * ```ts
 * import { perArch } from "@posixly/sys";
 * import assert from "node:assert/strict";
 *
 * const O_DIRECTORY = perArch({ x64: 0x10000, arm64: 0x4000 });
 * assert.ok(O_DIRECTORY > 0);
 * ```
 */
export function perArch<T>(values: { readonly x64: T; readonly arm64: T }): T {
  return platform.arch === "arm64" ? values.arm64 : values.x64;
}

/**
 * The platform has no tables here: importing works everywhere, the first call
 * throws this.
 *
 * @example Usage
 * ```ts
 * import { UnsupportedPlatformError } from "@posixly/sys";
 * import assert from "node:assert/strict";
 *
 * assert.match(new UnsupportedPlatformError("darwin", "arm64").message, /darwin/);
 * ```
 */
export class UnsupportedPlatformError extends Error {
  override readonly name = "UnsupportedPlatformError";
  /** The operating system that was found. */
  readonly os: string;
  /** The processor that was found. */
  readonly arch: string;

  /**
   * @param os The operating system that was found
   * @param arch The processor that was found
   */
  constructor(os: string, arch: string) {
    super(`Cannot call the kernel of ${os} on ${arch}: only linux on x64 and arm64 is supported`);
    this.os = os;
    this.arch = arch;
  }
}

/** Throws unless this platform has tables. */
export function requireSupportedPlatform(): void {
  const { os, arch } = platform;
  if (os !== "linux" || (arch !== "x64" && arch !== "arm64")) {
    throw new UnsupportedPlatformError(os, arch);
  }
}

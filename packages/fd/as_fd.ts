import { requireInteger } from "@posixly/sys";

/**
 * Anything with a descriptor: a number, an {@linkcode OwnedFd}, a socket of ours, a
 * `FileHandle` of Node.
 *
 * @example Usage
 * ```ts
 * import { type AsFd, isatty } from "@posixly/fd";
 *
 * const standardInput: AsFd = 0;
 * console.log(isatty(standardInput) ? "a terminal" : "no terminal");
 * ```
 */
export type AsFd = number | { readonly fd: number };

/**
 * The number of a descriptor, checked.
 *
 * @param fd The descriptor
 * @param name What the caller calls it, for the error
 * @returns Its number
 * @throws {TypeError} If it is no descriptor
 * @throws {RangeError} If the number is negative, as that of a closed `FileHandle`
 * @throws {Error} If it is an {@linkcode OwnedFd} that was closed
 *
 * @example Usage
 * ```ts
 * import { fdOf } from "@posixly/fd";
 * import assert from "node:assert/strict";
 *
 * assert.equal(fdOf({ fd: 2 }), 2);
 * assert.throws(() => fdOf(-1), RangeError);
 * ```
 */
export function fdOf(fd: AsFd, name = "fd"): number {
  const number = typeof fd === "object" && fd !== null ? fd.fd : fd;
  return requireInteger(number as number, name);
}

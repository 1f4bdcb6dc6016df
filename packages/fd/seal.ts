import { bitsOf, ok } from "@posixly/sys";
import { type AsFd, fdOf } from "./as_fd.ts";
import {
  F_ADD_SEALS,
  F_GET_SEALS,
  F_SEAL_EXEC,
  F_SEAL_FUTURE_WRITE,
  F_SEAL_GROW,
  F_SEAL_SEAL,
  F_SEAL_SHRINK,
  F_SEAL_WRITE,
  libc,
} from "./libc.ts";

const bits = {
  seal: F_SEAL_SEAL,
  shrink: F_SEAL_SHRINK,
  grow: F_SEAL_GROW,
  write: F_SEAL_WRITE,
  futureWrite: F_SEAL_FUTURE_WRITE,
  exec: F_SEAL_EXEC,
};

/**
 * What can no longer be done to a file, by anyone, for as long as it exists.
 *
 * @example Usage
 * ```ts
 * import { addSeals, memfd, type Seals, seals } from "@posixly/fd";
 * import assert from "node:assert/strict";
 *
 * const fixed: Seals = { shrink: true, grow: true };
 * using file = memfd("", { sealable: true });
 * addSeals(file, fixed);
 * assert.ok(seals(file).grow);
 * ```
 */
export interface Seals {
  /** No more seals can be added, `F_SEAL_SEAL`. */
  readonly seal?: boolean;
  /** It cannot become shorter, so that a mapping never ends early: `F_SEAL_SHRINK`. */
  readonly shrink?: boolean;
  /** It cannot become longer, `F_SEAL_GROW`. */
  readonly grow?: boolean;
  /** Its bytes cannot change, `F_SEAL_WRITE`. */
  readonly write?: boolean;
  /** Its bytes can change only through what is mapped now, `F_SEAL_FUTURE_WRITE`; since Linux 5.1. */
  readonly futureWrite?: boolean;
  /** Whether it can be executed stays as it is, `F_SEAL_EXEC`; since Linux 6.3. */
  readonly exec?: boolean;
}

/**
 * Seals a file of {@linkcode memfd}, fcntl(2) `F_ADD_SEALS`. A seal cannot be taken off, so
 * whoever receives the file may rely on it.
 *
 * @param fd The file, made `sealable` and open for writing
 * @param add Which seals, beside those it has
 * @throws {SyscallError} `EPERM` if it is not sealable, has the seal `seal`, or is not open
 * for writing, `EBUSY` for `write` while it is mapped for writing, `EINVAL` if it
 * is no file in memory or the kernel knows no such seal
 * @throws {TypeError} If there is no such seal
 *
 * @example Usage
 * ```ts
 * import { addSeals, memfd, write } from "@posixly/fd";
 * import assert from "node:assert/strict";
 *
 * using file = memfd("", { sealable: true });
 * addSeals(file, { write: true });
 * assert.throws(() => write(file, new Uint8Array(1)), { code: "EPERM" });
 * ```
 */
export function addSeals(fd: AsFd, add: Seals): void {
  const number = fdOf(fd);
  ok(libc.fcntl(number, F_ADD_SEALS, bitsOf(bits, add)), "fcntl", { fd: number });
}

/**
 * The seals of a file, fcntl(2) `F_GET_SEALS`.
 *
 * @param fd The file
 * @returns Each seal by name, and whether it is there
 * @throws {SyscallError} `EINVAL` if it is no file in memory
 *
 * @example Usage
 * ```ts
 * import { memfd, seals } from "@posixly/fd";
 * import assert from "node:assert/strict";
 *
 * using file = memfd();
 * assert.equal(seals(file).seal, true); // not made sealable
 * ```
 */
export function seals(fd: AsFd): Required<Seals> {
  const number = fdOf(fd);
  const set = ok(libc.fcntl(number, F_GET_SEALS, 0), "fcntl", { fd: number });
  return {
    seal: (set & bits.seal) !== 0,
    shrink: (set & bits.shrink) !== 0,
    grow: (set & bits.grow) !== 0,
    write: (set & bits.write) !== 0,
    futureWrite: (set & bits.futureWrite) !== 0,
    exec: (set & bits.exec) !== 0,
  };
}

/**
 * The shared interface: C functions for Deno and Node, with no compiler at
 * install time. Every other package of Posixly stands on this one.
 *
 * @example A system call in two lines
 * ```ts
 * import { bind, ok } from "@posixly/sys";
 * import assert from "node:assert/strict";
 *
 * const libc = bind({ getpgid: ["i32", "i32"] });
 * assert.ok(ok(libc.getpgid(0), "getpgid") > 0);
 * assert.throws(() => ok(libc.getpgid(-1), "getpgid"), { code: "ESRCH" });
 * ```
 *
 * @module
 */
export {
  byteCount,
  type Bytes,
  MAX_RW_COUNT,
  requireBytes,
  requireInteger,
  requireInteger64,
  show,
} from "./arguments.ts";
export { bind } from "./bind.ts";
export { copyCString, copyMemory } from "./copy.ts";
export { cstring, fromCString } from "./cstring.ts";
export { errno, errnoMessage, type ErrnoName, errnoName } from "./errno.ts";
export { ok, okSince, type SyscallContext, SyscallError } from "./error.ts";
export { MappedView, type MemoryCalls, type Region } from "./mapped_view.ts";
export { type BindOptions, LibraryNotFoundError } from "./library.ts";
export { addressAfter, addressOf, memory, toAddress } from "./memory.ts";
export { bitsOf, namesOf, oneOf, requireBoolean, requireKnown, requireName } from "./options.ts";
export { perArch, platform, UnsupportedPlatformError } from "./platform.ts";
export {
  array,
  bytes,
  type Elements,
  type Field,
  type Fields,
  type Layout,
  type Scalar,
  type Struct,
  struct,
  type StructOptions,
  type StructView,
  union,
} from "./struct.ts";
export { retry } from "./retry.ts";
export type { Address, ArgumentType, Bound, ResultType, Signature, Signatures } from "./types.ts";
export { type Watch, watch } from "./watch.ts";

declare const address: unique symbol;

/**
 * A place in memory, as the kernel and C know it. Opaque: a `bigint` in Deno and
 * a `number` in Node, whichever crosses faster, where that is exact; get one from
 * {@linkcode addressOf} and move it with {@linkcode addressAfter}.
 *
 * @example Usage
 * ```ts
 * import { type Address, addressOf } from "@posixly/sys";
 * import assert from "node:assert/strict";
 *
 * const address: Address = addressOf(new Uint8Array(8));
 * assert.ok(address > 0);
 * ```
 */
export type Address = (number | bigint) & { readonly [address]: true };

/**
 * How one argument travels to C.
 *
 * - `i32`, `u32`: an `int`, an `unsigned`, or a `size_t` that fits into 32 bits
 * - `i64`, `u64`: an `off_t` or `uint64_t`, as number or bigint
 * - `buffer`: a pointer to the first byte of a typed array, or NULL for `null`
 * - `address`: a pointer as {@linkcode addressOf} gives it
 *
 * @example Usage
 * ```ts
 * import { type ArgumentType, bind } from "@posixly/sys";
 * import assert from "node:assert/strict";
 *
 * const descriptor: ArgumentType = "i32";
 * const libc = bind({ close: ["i32", descriptor] });
 * assert.equal(libc.close(-1), -9); // -EBADF
 * ```
 */
export type ArgumentType = "i32" | "u32" | "i64" | "u64" | "buffer" | "address";

/**
 * How the result of a C function is read.
 *
 * - `i32`, `i64`, `address`: -1 means failure, and errno is folded in. A call with the result `i64`
 *   that has failed is made once more to learn errno: it is for what fails the same way then, such as
 *   `lseek`. Declare `read` and its like as `i32`
 * - `u32`: cannot fail, as `getuid`
 * - `errno`: the function returns the error number itself, as `posix_spawn`
 *
 * @example Usage
 * ```ts
 * import { bind, type ResultType } from "@posixly/sys";
 * import assert from "node:assert/strict";
 *
 * const neverFails: ResultType = "u32";
 * const libc = bind({ getuid: [neverFails] });
 * assert.ok(libc.getuid() >= 0);
 * ```
 */
export type ResultType = "i32" | "u32" | "i64" | "address" | "errno";

/**
 * One C function: its result, then its arguments.
 *
 * @example Usage
 * ```ts
 * import { bind, type Signature } from "@posixly/sys";
 * import assert from "node:assert/strict";
 *
 * const close = ["i32", "i32"] as const satisfies Signature;
 * const libc = bind({ close });
 * assert.equal(libc.close(-1), -9); // -EBADF
 * ```
 */
export type Signature = readonly [ResultType, ...ArgumentType[]];

/**
 * C functions by name. A `$` in a name starts the name of one argument shape:
 * `ioctl$int` and `ioctl$bytes` both call `ioctl`.
 *
 * @example Usage
 * ```ts
 * import { bind, type Signatures } from "@posixly/sys";
 * import assert from "node:assert/strict";
 *
 * const signatures = {
 *   fcntl: ["i32", "i32", "i32"],
 *   fcntl$int: ["i32", "i32", "i32", "i32"],
 * } as const satisfies Signatures;
 * const F_GETFD = 1;
 * assert.equal(bind(signatures).fcntl(-1, F_GETFD), -9);
 * ```
 */
export type Signatures = Readonly<Record<string, Signature>>;

/** What an argument type accepts. */
interface Accepts {
  i32: number;
  u32: number;
  i64: number | bigint;
  u64: number | bigint;
  buffer: ArrayBufferView | null;
  address: Address;
}

/** What a result type gives; below zero it is `-errno`. */
interface Gives {
  i32: number;
  u32: number;
  i64: number | bigint;
  address: Address;
  errno: number;
}

type Arguments<A extends readonly ArgumentType[]> = {
  -readonly [I in keyof A]: Accepts[A[I]];
};

/**
 * The functions that {@linkcode bind} makes of a table of signatures.
 *
 * @example Usage
 * ```ts
 * import { bind, type Bound } from "@posixly/sys";
 * import assert from "node:assert/strict";
 *
 * const libc: Bound<{ getppid: ["i32"] }> = bind({ getppid: ["i32"] });
 * assert.ok(libc.getppid() >= 0);
 * ```
 */
export type Bound<S extends Signatures> = {
  -readonly [Name in keyof S]: S[Name] extends readonly [
    infer Result extends ResultType,
    ...infer Args extends ArgumentType[],
  ] ? (...args: Arguments<Args>) => Gives[Result]
    : never;
};

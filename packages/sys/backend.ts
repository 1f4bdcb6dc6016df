import type { Library } from "./library.ts";
import type { Address, Signatures } from "./types.ts";

/**
 * What a JavaScript runtime must supply comes in two halves. The lower one calls C:
 * `backend_deno_ffi.ts` and `backend_node_ffi.ts` each export one object of this shape as `ffi`,
 * and `#ffi` picks between them; `bind` stands on it. The upper one, {@linkcode Backend}, is the
 * event loop. Nothing else in the project knows which runtime it is in. A third
 * runtime needs two more files and no edit elsewhere.
 *
 * Importing either must open nothing and ask for nothing. Every member that
 * needs native code loads it when it is first called.
 */
export interface Ffi {
  /** Which of the files this is. */
  readonly runtime: "deno" | "node";

  /** The operating system as the runtime names it; only `linux` can be bound. */
  readonly os: string;

  /** The processor: `x64` and `arm64` have tables, others cannot be bound. */
  readonly arch: string;

  /**
   * Functions of the C library or of another one, uncooked: they return what C returns. A function
   * that the library lacks is `undefined`. Called by `bind` once a table. A library that cannot be
   * opened is a `LibraryNotFoundError`.
   */
  functions(signatures: Signatures, library?: Library): Record<string, RawFunction | undefined>;

  /**
   * Whether functions may be bound whenever they are first needed. If not, all that a table may ever
   * need is bound when it is first used.
   */
  readonly bindsAnyTime: boolean;

  /** The errno of the calling thread, mapped: element 0 is always current. */
  errno(): Int32Array;

  /**
   * A 64-bit argument in the form that crosses fastest: `bigint` in Deno, as
   * it is in Node.
   */
  wide(value: number | bigint): number | bigint;

  /** Where the first byte of a buffer lives. The caller has checked it. */
  address(buffer: ArrayBufferLike): Address;

  /** The address a number stands for. */
  toAddress(value: number | bigint): Address;

  /** A view of memory that JavaScript does not own. */
  memory(address: Address, length: number): ArrayBuffer;
}

/**
 * The upper half: `backend_deno.ts` and `backend_node.ts` each export one object of
 * this shape as `backend`, and `#backend` picks between them.
 */
export interface Backend {
  /**
   * Calls `wake` on the event loop, again and again, for as long as a read from
   * `fd` would not block, a descriptor that can be polled. Begins referenced, and
   * not before the caller has returned. `wake` does not throw.
   */
  waker(fd: number, wake: () => void): Waker;
}

/** The event loop's interest in a descriptor. */
export interface Waker {
  /** Keeps the program alive. */
  ref(): void;
  /** Wakes only while something else keeps the program alive. */
  unref(): void;
  /** Ends the interest. `fd` is closed right after; `wake` may be called once more. */
  close(): void;
}

/** A C function as the runtime hands it over. */
// deno-lint-ignore no-explicit-any -- the signature table decides, at run time
export type RawFunction = (...args: any[]) => any;

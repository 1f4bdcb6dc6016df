import { show } from "./arguments.ts";
import { requireKnown } from "./options.ts";

/**
 * Which library {@linkcode bind} takes functions from.
 *
 * @example Usage
 * ```ts
 * import { bind, type BindOptions } from "@posixly/sys";
 * import assert from "node:assert/strict";
 *
 * const options: BindOptions = { library: ["libc.so.6", "libc.so"] }; // of glibc, of musl
 * const { abs, close } = bind({ abs: ["i32", "i32"], close: ["i32", "i32"] }, options);
 * assert.equal(abs(-7), 7);
 * assert.equal(close(-1), -1); // as C says it
 * ```
 */
export interface BindOptions {
  /**
   * The library by the name of its file, such as `libpcap.so.1`, which the loader looks for as
   * ld.so(8) says, or its path; or several names, of which the first that can be opened is taken.
   * That of C by default.
   */
  readonly library?: string | readonly string[];
  /** How to get the library, a sentence for the error if it is not there. */
  readonly hint?: string;
}

/** A library by its names, and how to get it. */
export interface Library {
  readonly names: readonly string[];
  readonly hint?: string;
}

/** The library that is asked for, if it is not that of C. */
export function libraryOf(options: BindOptions): Library | undefined {
  requireKnown(options, ["hint", "library"]);
  const { library, hint } = options;
  if (hint !== undefined && typeof hint !== "string") {
    throw new TypeError(`hint must be a string, not ${show(hint)}`);
  }
  if (library === undefined) return undefined;
  const names = [library].flat();
  if (names.length > 0 && names.every(isName)) return { names, hint };
  throw new TypeError(`library must be the name of a library, or several, not ${show(library)}`);
}

function isName(name: unknown): boolean {
  return typeof name === "string" && name !== "" && !name.includes("\0");
}

/**
 * None of the names of a library leads to one that can be opened. The `cause` is what the loader
 * said of the first.
 *
 * @example Usage
 * ```ts
 * import { bind, LibraryNotFoundError } from "@posixly/sys";
 * import assert from "node:assert/strict";
 *
 * const nothing = bind({ nothing: ["i32"] }, {
 *   library: "libnothing.so.1",
 *   hint: "nobody has it",
 * });
 * assert.throws(
 *   () => nothing.nothing(),
 *   (error) => error instanceof LibraryNotFoundError && /nobody has it$/.test(error.message),
 * );
 * ```
 */
export class LibraryNotFoundError extends Error {
  override readonly name = "LibraryNotFoundError";
  /** The names that were tried. */
  readonly libraries: readonly string[];

  /**
   * @param libraries The names that were tried
   * @param options How to get it, and what the loader said
   */
  constructor(
    libraries: readonly string[],
    options: { readonly hint?: string; readonly cause?: unknown } = {},
  ) {
    const { hint, ...rest } = options;
    const how = hint === undefined ? "" : `; ${hint}`;
    super(`Cannot open the library ${libraries.join(" or ")}${how}`, rest);
    this.libraries = libraries;
  }
}

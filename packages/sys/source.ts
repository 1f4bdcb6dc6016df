import { ffi } from "#ffi";
import type { RawFunction } from "./backend.ts";
import { errno } from "./errno.ts";
import type { Library } from "./library.ts";
import type { Signatures } from "./types.ts";

/** Where bound functions come from. */
export interface Source {
  /** They as C has them; what is lacking is `undefined`. */
  functions(signatures: Signatures): Record<string, RawFunction | undefined>;
  /** What a result of -1 is replaced by, mapped; nothing if -1 is left alone. */
  readonly errno: Int32Array | undefined;
  /** What takes the place of a function that is lacking. */
  lacking(name: string): RawFunction;
}

/** The C library, whose functions are calls of the kernel, or another one. */
export function sourceOf(library: Library | undefined): Source {
  if (library === undefined) {
    return {
      functions: (signatures) => ffi.functions(signatures),
      errno: ffi.errno(),
      lacking: () => () => -errno.ENOSYS,
    };
  }
  return {
    functions: (signatures) => ffi.functions(signatures, library),
    errno: undefined,
    lacking: (name) => () => {
      throw new Error(`There is no function ${name} in ${library.names.join(" or ")}`);
    },
  };
}

import { constants } from "node:buffer";
import { createRequire } from "node:module";
import process from "node:process";
import type { Ffi, RawFunction } from "./backend.ts";
import { type Library, LibraryNotFoundError } from "./library.ts";
import type { Address } from "./types.ts";

type Koffi = typeof import("koffi").default;

let loaded: Koffi | undefined;

/** Koffi is native code, so it is loaded by the first call and not by an import. */
export function koffi(): Koffi {
  return loaded ??= createRequire(import.meta.url)("koffi") as Koffi;
}

/**
 * How each type is declared to koffi. An address as `uintptr_t` takes a plain
 * number, which is the cheapest way for one to cross.
 */
const types = {
  i32: "int",
  u32: "uint32_t",
  i64: "int64_t",
  u64: "uint64_t",
  buffer: "void *",
  address: "uintptr_t",
  errno: "int",
} as const;

/** The process image: glibc or musl, whichever this runtime was linked to. */
function libc() {
  return koffi().load(null);
}

/** Any other library: the first of these names that can be opened. */
function open({ names, hint }: Library) {
  let missing: unknown;
  for (const name of names) {
    try {
      return koffi().load(name);
    } catch (error) {
      if (!String(error).includes("Failed to load shared library")) throw error;
      missing ??= error;
    }
  }
  throw new LibraryNotFoundError(names, { hint, cause: missing });
}

export const ffi: Ffi = {
  runtime: "node",
  os: process.platform,
  arch: process.arch,

  functions(signatures, from) {
    const library = from === undefined ? libc() : open(from);
    const functions: Record<string, RawFunction | undefined> = {};
    for (const [name, [result, ...args]] of Object.entries(signatures)) {
      const [symbol] = name.split("$");
      try {
        functions[name] = library.func(symbol, types[result], args.map((arg) => types[arg]));
      } catch (error) {
        if (!String(error).includes("Cannot find function")) throw error;
        functions[name] = undefined;
      }
    }
    return functions;
  },

  // Koffi aborts the process if a Worker is terminated while it binds, so that is over soon.
  bindsAnyTime: false,

  errno() {
    const location = libc().func("__errno_location", "void *", [])();
    return new Int32Array(koffi().view(location, 4));
  },

  wide: (value) => value,

  address: (buffer) => Number(koffi().address(new Uint8Array(buffer))) as Address,

  toAddress(value) {
    const rounded = Number(value);
    return (Number.isSafeInteger(rounded) ? rounded : BigInt(value)) as Address;
  },

  memory(address, length) {
    // Beyond, Node 20 aborts the process.
    if (length > constants.MAX_LENGTH) {
      throw new RangeError(`length must be at most ${constants.MAX_LENGTH}, not ${length}`);
    }
    return koffi().view(BigInt(address), length);
  },
};

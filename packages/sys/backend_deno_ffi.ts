import type { Ffi, RawFunction } from "./backend.ts";
import { type Library, LibraryNotFoundError } from "./library.ts";
import type { Address, Signatures } from "./types.ts";

/** The C library by the names of glibc and musl, in the order they are tried. */
const libc: Library = { names: ["libc.so.6", `libc.musl-${Deno.build.arch}.so.1`, "libc.so"] };

/** How each type is declared. An address as `usize` takes a bigint, the fastest way across. */
const types = {
  i32: "i32",
  u32: "u32",
  i64: "i64",
  u64: "u64",
  buffer: "buffer",
  address: "usize",
  errno: "i32",
} as const;

/** Functions of a library, that of C unless another is named, however they are declared. */
export function open<const S extends Deno.ForeignLibraryInterface>(
  symbols: S,
  { names, hint }: Library = libc,
) {
  let missing: unknown;
  for (const name of names) {
    try {
      return Deno.dlopen(name, symbols).symbols;
    } catch (error) {
      // Deno's message for a missing permission names the flag to add.
      if (error instanceof Deno.errors.NotCapable) throw error;
      missing ??= error;
    }
  }
  throw new LibraryNotFoundError(names, { hint, cause: missing });
}

function declare(signatures: Signatures) {
  const symbols: Record<string, Deno.ForeignFunction & { optional: true }> = {};
  for (const [name, [result, ...args]] of Object.entries(signatures)) {
    symbols[name] = {
      name: name.split("$")[0],
      parameters: args.map((arg) => types[arg]),
      result: types[result],
      optional: true,
    };
  }
  return symbols;
}

export const ffi: Ffi = {
  runtime: "deno",
  os: Deno.build.os,
  arch: ({ x86_64: "x64", aarch64: "arm64" } as Record<string, string>)[Deno.build.arch] ??
    Deno.build.arch,

  functions(signatures, library) {
    const symbols = open(declare(signatures), library) as Record<string, RawFunction | null>;
    return Object.fromEntries(
      Object.keys(signatures).map((name) => [name, symbols[name] ?? undefined]),
    );
  },

  bindsAnyTime: true,

  errno() {
    const { __errno_location } = open({ __errno_location: { parameters: [], result: "pointer" } });
    return new Int32Array(Deno.UnsafePointerView.getArrayBuffer(__errno_location()!, 4));
  },

  wide: (value) => BigInt(value),

  address: (buffer) =>
    Deno.UnsafePointer.value(
      Deno.UnsafePointer.of(new Uint8Array(buffer as ArrayBuffer)),
    ) as Address,

  toAddress: (value) => BigInt(value) as Address,

  memory: (address, length) =>
    Deno.UnsafePointerView.getArrayBuffer(Deno.UnsafePointer.create(BigInt(address))!, length),
};

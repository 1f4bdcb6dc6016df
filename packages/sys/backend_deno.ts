import type { Backend, RawFunction, Waker } from "./backend.ts";
import { SyscallError } from "./error.ts";
import { GlancingWaker } from "./glance.ts";
import type { Address, Signatures } from "./types.ts";

/** The C library by the names of glibc and musl, in the order they are tried. */
const libraries = ["libc.so.6", `libc.musl-${Deno.build.arch}.so.1`, "libc.so"];

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

function open<const S extends Deno.ForeignLibraryInterface>(symbols: S) {
  let missing: unknown;
  for (const library of libraries) {
    try {
      return Deno.dlopen(library, symbols).symbols;
    } catch (error) {
      // Deno's message for a missing permission names the flag to add.
      if (error instanceof Deno.errors.NotCapable) throw error;
      missing ??= error;
    }
  }
  throw missing;
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

export const backend: Backend = {
  runtime: "deno",
  os: Deno.build.os,
  arch: ({ x86_64: "x64", aarch64: "arm64" } as Record<string, string>)[Deno.build.arch] ??
    Deno.build.arch,

  functions(signatures) {
    const symbols = open(declare(signatures)) as Record<string, RawFunction | null>;
    return Object.fromEntries(
      Object.keys(signatures).map((name) => [name, symbols[name] ?? undefined]),
    );
  },

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

  waker: (fd, wake) => new ParkedWaker(fd, wake),
};

const EFD_CLOEXEC = 0x80000;
const EFD_NONBLOCK = 0x800;

/** How often to look in place before parking: a wake-up from the pool costs as much as 200 looks. */
const LOOKS = 200;

/** How many times in a row to wake without letting the event loop go round. */
const TURNS = 64;

/** How late a wake-up may be while nothing keeps the program waiting for it. */
const UNREFERENCED_MS = 10;

/** `struct pollfd[2]`: each an `int` and two `short`, everywhere. */
const POLLFD_SIZE = 8;
const POLLIN = 1;

/**
 * Deno has no readiness for an arbitrary descriptor, so a `poll` is parked on its
 * thread pool. A parked call keeps the program alive and cannot be unreferenced:
 * there is one only while someone is waiting for it, and an eventfd, polled
 * beside the descriptor, releases it.
 */
class ParkedWaker implements Waker {
  readonly #wake: () => void;
  readonly #libc;
  readonly #polled = new Uint8Array(new ArrayBuffer(2 * POLLFD_SIZE));
  readonly #looked: Uint8Array<ArrayBuffer>;
  readonly #release: number;
  #how: "ref" | "unref" | "idle" = "idle";
  #parked = false;
  #running = false;
  readonly #unreferenced: GlancingWaker;

  constructor(fd: number, wake: () => void) {
    this.#wake = wake;
    this.#unreferenced = new GlancingWaker(wake, UNREFERENCED_MS);
    this.#libc = open({
      eventfd: { parameters: ["u32", "i32"], result: "i32" },
      poll: { parameters: ["buffer", "u32", "i32"], result: "i32" },
      park: {
        name: "poll",
        parameters: ["buffer", "u32", "i32"],
        result: "i32",
        nonblocking: true,
      },
      read: { parameters: ["i32", "buffer", "u32"], result: "i32" },
      write: { parameters: ["i32", "buffer", "u32"], result: "i32" },
    });
    this.#release = this.#libc.eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (this.#release === -1) throw new SyscallError(backend.errno()[0], "eventfd");
    const polled = new DataView(this.#polled.buffer);
    for (const [at, watched] of [[0, fd], [POLLFD_SIZE, this.#release]]) {
      polled.setInt32(at, watched, true);
      polled.setInt16(at + 4, POLLIN, true);
    }
    this.#looked = this.#polled.slice(0, POLLFD_SIZE);
  }

  wait(how: "ref" | "unref" | "idle"): void {
    if (how === this.#how) return;
    this.#how = how;
    if (how === "ref" && !this.#running) this.#run();
    if (how !== "ref" && this.#parked) this.#libc.write(this.#release, new BigUint64Array([1n]), 8);
    this.#unreferenced.wait(how === "unref" ? "unref" : "idle");
  }

  /** Whether the descriptor is readable now. */
  #look(): boolean {
    return this.#libc.poll(this.#looked, 1, 0) > 0;
  }

  #lookOften(): boolean {
    for (let looks = 0; looks < LOOKS; looks++) if (this.#look()) return true;
    return false;
  }

  async #run(): Promise<void> {
    this.#running = true;
    await undefined; // never wake whoever is just beginning to wait
    for (let turn = 0; this.#how === "ref"; turn++) {
      if (turn < TURNS && this.#lookOften()) {
        this.#wake();
        await undefined; // what was woken goes first
      } else {
        turn = 0;
        this.#parked = true;
        await this.#libc.park(this.#polled, 2, -1);
        this.#parked = false;
        this.#libc.read(this.#release, new BigUint64Array(1), 8);
      }
    }
    this.#running = false;
  }
}

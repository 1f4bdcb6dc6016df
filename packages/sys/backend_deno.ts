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

/**
 * How often to look in place before parking, at most and at least: a wake-up from the pool
 * costs as much as 200 looks. They pay only if something comes meanwhile, so each success doubles
 * the number for the next time and each failure halves it.
 */
const MOST_LOOKS = 256;
const LEAST_LOOKS = 4;
let lookBudget = MOST_LOOKS;

/** How many times in a row to wake without letting the event loop go round. */
const TURNS = 64;

/** How late a wake-up may be while nothing keeps the program waiting for it. */
const UNREFERENCED_MS = 10;

/** `struct pollfd[2]`: each an `int` and two `short`, everywhere. */
const POLLFD_SIZE = 8;
const POLLIN = 1;

/** What a waker calls; these have no use for errno. */
let calls: ReturnType<typeof openCalls> | undefined;

function openCalls() {
  return open({
    close: { parameters: ["i32"], result: "i32" },
    eventfd: { parameters: ["u32", "i32"], result: "i32" },
    park: { name: "poll", parameters: ["buffer", "u32", "i32"], result: "i32", nonblocking: true },
    poll: { parameters: ["buffer", "u32", "i32"], result: "i32" },
    write: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  });
}

/**
 * Deno has no readiness for an arbitrary descriptor, so a `poll` is parked on its
 * thread pool. A parked call keeps the program alive and cannot be unreferenced:
 * there is one only while the waker is referenced, and an eventfd, polled beside
 * the descriptor, releases it.
 */
class ParkedWaker implements Waker {
  readonly #fd: number;
  readonly #wake: () => void;
  readonly #libc = calls ??= openCalls();
  #glances: GlancingWaker | undefined;
  /** Released, and its eventfd closed, once the waker is no longer referenced. */
  #parking: Parking | undefined;

  constructor(fd: number, wake: () => void) {
    this.#fd = fd;
    this.#wake = wake;
    this.ref();
  }

  ref(): void {
    if (this.#parking === undefined) this.#run(this.#parking = new Parking(this.#libc, this.#fd));
    this.#glances?.close();
    this.#glances = undefined;
  }

  unref(): void {
    this.#stop();
    this.#glances ??= new GlancingWaker(this.#wake, UNREFERENCED_MS);
    this.#glances.unref();
  }

  close(): void {
    this.#stop();
    this.#glances?.close();
  }

  #stop(): void {
    this.#parking?.release();
    this.#parking = undefined;
  }

  async #run(parking: Parking): Promise<void> {
    await undefined; // never wake whoever is just beginning to wait
    for (let turn = 1; this.#parking === parking; turn++) {
      if (turn % TURNS !== 0 && parking.lookOften()) {
        this.#wake();
        await undefined; // what was woken goes first
      } else {
        await parking.park();
      }
    }
    parking.close();
  }
}

/** One stretch of waiting for a descriptor, which can be released. */
class Parking {
  readonly #libc: ReturnType<typeof openCalls>;
  readonly #releaser: number;
  readonly #both = new Uint8Array(new ArrayBuffer(2 * POLLFD_SIZE));
  readonly #one: Uint8Array<ArrayBuffer>;

  constructor(libc: ReturnType<typeof openCalls>, fd: number) {
    this.#libc = libc;
    this.#releaser = libc.eventfd(0, EFD_CLOEXEC);
    if (this.#releaser === -1) throw new SyscallError(backend.errno()[0], "eventfd");
    const pollfds = new DataView(this.#both.buffer);
    for (const [at, polled] of [[0, fd], [POLLFD_SIZE, this.#releaser]]) {
      pollfds.setInt32(at, polled, true);
      pollfds.setInt16(at + 4, POLLIN, true);
    }
    this.#one = this.#both.slice(0, POLLFD_SIZE);
  }

  /** Looks in place for a while: whether the descriptor is readable. */
  lookOften(): boolean {
    for (let looks = 0; looks < lookBudget; looks++) {
      if (this.#libc.poll(this.#one, 1, 0) <= 0) continue;
      lookBudget = Math.min(lookBudget * 2, MOST_LOOKS);
      return true;
    }
    lookBudget = Math.max(lookBudget / 2, LEAST_LOOKS);
    return false;
  }

  /** Waits off the thread until the descriptor is readable, or `release` is called. */
  async park(): Promise<void> {
    await this.#libc.park(this.#both, 2, -1);
  }

  release(): void {
    this.#libc.write(this.#releaser, new BigUint64Array([1n]), 8);
  }

  /** Only once nothing is parked: a call on its way would meet whoever has the number next. */
  close(): void {
    this.#libc.close(this.#releaser);
  }
}

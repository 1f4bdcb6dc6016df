import type { OnReadOpts, Socket, SocketConstructorOpts } from "node:net";
import type { Backend, Waker } from "./backend.ts";
import { open } from "./backend_deno_ffi.ts";
import { ok } from "./error.ts";
import { GlancingWaker } from "./glance.ts";
import { EFD_CLOEXEC, libc, pollfd, POLLIN } from "./libc.ts";
import { openUringWaker } from "./uring_waker.ts";

export const backend: Backend = {
  waker: (fd, wake) => openUringWaker(fd, wake, adopt) ?? new ParkedWaker(fd, wake),
};

/** Node's sockets are loaded by the first watch and not by an import, which would take 15 ms. */
function adopt(fd: number, onread: OnReadOpts): Socket {
  const net = globalThis.process.getBuiltinModule("node:net");
  return new net.Socket({ fd, onread } as SocketConstructorOpts);
}

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

/** How many promises whoever was woken may await before he reads, and is not woken in vain again. */
const HOPS = 8;

/** How late a wake-up may be while nothing keeps the program waiting for it. */
const UNREFERENCED_MS = 10;

/** A `poll` off the thread. Its errno stays there. */
let park: ReturnType<typeof openPark> | undefined;

function openPark() {
  return open({
    poll: { parameters: ["buffer", "u32", "i32"], result: "i32", nonblocking: true },
  }).poll;
}

/**
 * A waker for where there is no ring: a `poll` parked on Deno's thread pool. A parked call keeps
 * the program alive and cannot be unreferenced: there is one only while the waker is
 * referenced, and an eventfd, polled beside the descriptor, releases it.
 */
class ParkedWaker implements Waker {
  readonly #fd: number;
  readonly #wake: () => void;
  #glances: GlancingWaker | undefined;
  /** Released, and its eventfd closed, once the waker is no longer referenced. */
  #parking: Parking | undefined;

  constructor(fd: number, wake: () => void) {
    this.#fd = fd;
    this.#wake = wake;
    this.ref();
  }

  ref(): void {
    if (this.#parking === undefined) this.#run(this.#parking = new Parking(this.#fd));
    this.#glances?.close();
    this.#glances = undefined;
  }

  unref(): void {
    this.#stop();
    this.#glances ??= new GlancingWaker(this.#fd, this.#wake, UNREFERENCED_MS);
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
        for (let hop = 0; hop < HOPS; hop++) await undefined; // what was woken goes first
      } else {
        await parking.park();
      }
    }
    parking.close();
  }
}

/** One stretch of waiting for a descriptor, which can be released. */
class Parking {
  readonly #releaser = ok(libc.eventfd(0, EFD_CLOEXEC), "eventfd");
  readonly #one: Uint8Array<ArrayBuffer>;
  readonly #both = new Uint8Array(new ArrayBuffer(2 * pollfd.size));

  constructor(fd: number) {
    this.#one = pollfd.encode({ fd, events: POLLIN });
    this.#both.set(this.#one);
    this.#both.set(pollfd.encode({ fd: this.#releaser, events: POLLIN }), pollfd.size);
  }

  /** Looks in place for a while: whether the descriptor is readable. */
  lookOften(): boolean {
    for (let looks = 0; looks < lookBudget; looks++) {
      if (libc.poll(this.#one, 1, 0) <= 0) continue;
      lookBudget = Math.min(lookBudget * 2, MOST_LOOKS);
      return true;
    }
    lookBudget = Math.max(lookBudget / 2, LEAST_LOOKS);
    return false;
  }

  /** Waits off the thread until the descriptor is readable, or `release` is called. */
  async park(): Promise<void> {
    park ??= openPark();
    await park(this.#both, 2, -1);
  }

  release(): void {
    libc.write(this.#releaser, new BigUint64Array([1n]), 8);
  }

  /** Only once nothing is parked: a call on its way would meet whoever has the number next. */
  close(): void {
    libc.close(this.#releaser);
  }
}

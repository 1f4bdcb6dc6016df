import { ok } from "./error.ts";
import {
  IORING_OFF_SQ_RING,
  IORING_OFF_SQES,
  IORING_SETUP_COOP_TASKRUN,
  ioUringParams,
  ioUringSqe,
  libc,
  MAP_SHARED,
  PROT_READ,
  PROT_WRITE,
  SYS_io_uring_enter,
  SYS_io_uring_setup,
} from "./libc.ts";
import { memory, toAddress } from "./memory.ts";
import type { Address } from "./types.ts";

/** How many requests there is room for, a power of 2. */
const ENTRIES = 4;

/** What the kernel maps at least; either half of so small a ring fits. */
const PAGE = 4096;

/**
 * An io_uring(7): a few requests to the kernel that are written once and made as often as one
 * likes. Nobody asks how they went, so each is written to say nothing when it succeeds.
 *
 * The kernel works at them in this thread, whenever the thread is in the kernel anyway, be it
 * asleep: there is no thread of its own and no signal.
 */
export class Uring {
  readonly #fd: number;
  readonly #mapped: Address[] = [];
  readonly #queue: Int32Array<ArrayBuffer>;
  readonly #requests: Uint8Array<ArrayBuffer>;
  /** Where in the queue its tail is, and where its slots begin. */
  readonly #tail: number;
  readonly #slots: number;

  /**
   * @throws {SyscallError} `ENOSYS` or `EPERM` where rings are forbidden, as in many containers,
   * `EINVAL` before Linux 5.19
   */
  constructor() {
    const bytes = new Uint8Array(ioUringParams.size);
    const params = ioUringParams.view(bytes);
    params.flags = IORING_SETUP_COOP_TASKRUN;
    const fd = libc.syscall$io_uring_setup(SYS_io_uring_setup, ENTRIES, bytes);
    this.#fd = ok(fd, "io_uring_setup");
    try {
      this.#queue = new Int32Array(this.#map(IORING_OFF_SQ_RING));
      this.#requests = new Uint8Array(this.#map(IORING_OFF_SQES));
    } catch (error) {
      this.close();
      throw error;
    }
    this.#tail = params.sq_off.tail / 4;
    this.#slots = params.sq_off.array / 4;
  }

  #map(offset: number): ArrayBuffer {
    const access = PROT_READ | PROT_WRITE;
    const address = libc.mmap(toAddress(0), PAGE, access, MAP_SHARED, this.#fd, offset);
    this.#mapped.push(ok(address, "mmap"));
    return memory(address, PAGE);
  }

  /** A byte that lives for as long as the ring does, for a request to send. */
  get byte(): Address {
    return this.#mapped[0];
  }

  /** Writes request number `index`. It must not be on its way. */
  write(index: number, request: Parameters<typeof ioUringSqe.encode>[0]): void {
    this.#requests.set(ioUringSqe.encode(request), index * ioUringSqe.size);
  }

  /** Makes `count` requests, from number `first` on. */
  submit(first: number, count: number): void {
    const queue = this.#queue;
    for (let index = first; index < first + count; index++) {
      queue[this.#slots + (queue[this.#tail] & (ENTRIES - 1))] = index;
      queue[this.#tail]++;
    }
    ok(
      libc.syscall$io_uring_enter(SYS_io_uring_enter, this.#fd, count, 0, 0),
      "io_uring_enter",
    );
  }

  /** What is on its way is cancelled, but only some time later. */
  close(): void {
    for (const address of this.#mapped) libc.munmap(address, PAGE);
    libc.close(this.#fd);
  }
}

import process from "node:process";
import { ok } from "./error.ts";
import {
  MAP_ANONYMOUS,
  MAP_FIXED,
  MAP_NORESERVE,
  MAP_PRIVATE,
  PROT_READ,
  PROT_WRITE,
} from "./libc.ts";
import { memory } from "./memory.ts";
import type { Address } from "./types.ts";

/**
 * Whole pages of this process's memory, such as mmap(2) gives.
 *
 * @example Usage
 * ```ts
 * import { addressOf, type Region } from "@posixly/sys";
 * import assert from "node:assert/strict";
 *
 * const region: Region = { address: addressOf(new Uint8Array(8192)), length: 8192 };
 * assert.equal(region.length, 8192);
 * ```
 */
export interface Region {
  /** Where it begins. */
  readonly address: Address;
  /** How many bytes it has. */
  readonly length: number;
}

/**
 * What a {@linkcode MappedView} asks of the kernel: the caller's own functions, so that whoever
 * tests it can have them fail.
 *
 * @example Usage
 * ```ts
 * import { bind, type MemoryCalls } from "@posixly/sys";
 *
 * const libc: MemoryCalls = bind({
 *   mmap: ["address", "address", "u64", "i32", "i32", "i32", "i64"],
 *   mprotect: ["i32", "address", "u64", "i32"],
 *   munmap: ["i32", "address", "u64"],
 * });
 * ```
 */
export interface MemoryCalls {
  /** mmap(2). */
  mmap(
    address: Address,
    length: number,
    protection: number,
    flags: number,
    fd: number,
    offset: number,
  ): Address;
  /** mprotect(2). */
  mprotect(address: Address, length: number, protection: number): number;
  /** munmap(2). */
  munmap(address: Address, length: number): number;
}

/** A region that bytes of JavaScript look at, and whether what was mapped there still is. */
interface Seen {
  readonly calls: MemoryCalls;
  readonly region: Region;
  isMapped: boolean;
}

/**
 * Bytes of JavaScript over a region, which they can outlive without harm. Once it is closed they
 * have no length, where the runtime can detach them; elsewhere, and to whatever else still knows
 * the address, they are zeros that belong to nobody, and what is written there nobody
 * sees. The addresses are used again only when the garbage collector has found that nobody has
 * the bytes.
 *
 * @example Usage
 * ```ts
 * import { bind, MappedView, ok, toAddress } from "@posixly/sys";
 * import assert from "node:assert/strict";
 *
 * const libc = bind({
 *   mmap: ["address", "address", "u64", "i32", "i32", "i32", "i64"],
 *   mprotect: ["i32", "address", "u64", "i32"],
 *   munmap: ["i32", "address", "u64"],
 * });
 * const READ_WRITE = 3;
 * const PRIVATE_ANONYMOUS = 0x22;
 * const length = 65_536;
 * const address = libc.mmap(toAddress(0), length, READ_WRITE, PRIVATE_ANONYMOUS, -1, 0);
 * const view = new MappedView(libc, { address: ok(address, "mmap"), length });
 * const { bytes } = view;
 * bytes[9] = 7;
 * view.close();
 * assert.ok(!bytes[9]); // and no crash
 * ```
 */
export class MappedView {
  /** The bytes, one and the same array. Their buffer begins with the region. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The region. */
  readonly region: Region;
  readonly #seen: Seen;

  /**
   * Takes over a region that nobody else will give back.
   *
   * @param calls What it asks of the kernel
   * @param region The region
   * @param shift Where in it the bytes begin. Their buffer begins with the page, so that JavaScript
   * knows how they are aligned
   * @param length How many bytes there are; by default all that follow
   * @throws {RangeError} If it is more than a buffer of this runtime may have; the region is still
   * the caller's then
   */
  constructor(calls: MemoryCalls, region: Region, shift: number = 0, length?: number) {
    const whole = shift + (length ?? region.length - shift);
    this.region = region;
    this.bytes = new Uint8Array(memory(region.address, whole), shift);
    this.#seen = { calls, region, isMapped: true };
    collected.register(this.bytes.buffer, this.#seen, this.#seen);
  }

  /**
   * Takes away what is mapped there. Once, and no more.
   *
   * @throws {SyscallError} `ENOMEM` if the kernel has no memory left to do so; nothing has changed
   * then
   */
  close(): void {
    const { buffer } = this.bytes;
    cover(this.#seen);
    this.#seen.isMapped = false;
    // Whoever had the buffer transferred may read there for ever, unknown to us.
    if (buffer.byteLength === 0) collected.unregister(this.#seen);
    else detach(buffer);
  }
}

/**
 * Puts pages of zeros in the place of what is there, in one step: nothing else can come to lie
 * there between. They take no memory until they are written.
 */
function cover({ calls, region: { address, length } }: Seen): void {
  // Read-only at first: memory that cannot be written is not counted, and is never refused.
  const flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED;
  ok(calls.mmap(address, length, PROT_READ, flags, -1, 0), "mmap");
  calls.mprotect(address, length, PROT_READ | PROT_WRITE);
}

/** Takes its bytes from a buffer, in runtimes that can. */
function detach(buffer: ArrayBuffer & { transfer?(length: number): unknown }): void {
  buffer.transfer?.(0);
}

const collected = new FinalizationRegistry((seen: Seen) => {
  const { calls, region, isMapped } = seen;
  if (!isMapped) {
    calls.munmap(region.address, region.length);
    return;
  }
  // The addresses are lost, since the buffer may have been transferred before it was collected.
  cover(seen);
  process.emitWarning(
    `A mapping of ${region.length} bytes was never closed; the garbage collector did it`,
  );
});

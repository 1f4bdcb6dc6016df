import process from "node:process";
import { type Address, addressAfter, memory, ok } from "@posixly/sys";
import { markLendable } from "./lendable.ts";
import {
  libc,
  MAP_ANONYMOUS,
  MAP_FIXED,
  MAP_NORESERVE,
  MAP_PRIVATE,
  PROT_READ,
  PROT_WRITE,
} from "./libc.ts";

/** Whole pages of this process's memory. */
export interface Region {
  readonly address: Address;
  readonly length: number;
}

/** A region that bytes of JavaScript look at, and whether what was mapped there still is. */
interface Seen {
  readonly region: Region;
  isMapped: boolean;
}

/**
 * Bytes of JavaScript over a region, which they can outlive without harm. Once it is closed they
 * have no length, where the runtime can detach them; elsewhere, and to whatever else still knows
 * the address, they are zeros that belong to nobody, and what is written there nobody
 * sees. The addresses are used again only when the garbage collector has found that nobody has
 * the bytes.
 */
export class View {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly region: Region;
  readonly #seen: Seen;

  /**
   * @param region The region
   * @param shift Where in it the bytes begin. Their buffer begins with the page, so that JavaScript
   * knows how they are aligned
   * @param length How many bytes there are
   */
  constructor(region: Region, shift: number, length: number) {
    this.region = region;
    this.bytes = new Uint8Array(memory(region.address, shift + length), shift, length);
    this.#seen = { region, isMapped: true };
    markLendable(this.bytes.buffer);
    collected.register(this.bytes.buffer, this.#seen, this.#seen);
  }

  /** Takes away what is mapped there. */
  close(): void {
    const { buffer } = this.bytes;
    cover(this.region);
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
function cover({ address, length }: Region): void {
  // Read-only at first: memory that cannot be written is not counted, and is never refused.
  const flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED;
  ok(libc.mmap(address, length, PROT_READ, flags, -1, 0), "mmap");
  libc.mprotect(address, length, PROT_READ | PROT_WRITE);
}

/** Takes its bytes from a buffer, in runtimes that can. */
function detach(buffer: ArrayBuffer & { transfer?(length: number): unknown }): void {
  buffer.transfer?.(0);
}

const collected = new FinalizationRegistry(({ region, isMapped }: Seen) => {
  if (!isMapped) {
    libc.munmap(region.address, region.length);
    return;
  }
  // The addresses are lost, since the buffer may have been transferred before it was collected.
  cover(region);
  process.emitWarning(
    `A mapping of ${region.length} bytes was never closed; the garbage collector did it`,
  );
});

/** The part of a region from one byte to another, in whole pages: all that these bytes touch. */
export function pagesAround(region: Region, unit: number, from: number, to: number): Region {
  const start = from - from % unit;
  return { address: addressAfter(region.address, start), length: roundUp(to, unit) - start };
}

/** The same, without the pages that the bytes do not fill. */
export function pagesWithin(region: Region, unit: number, from: number, to: number): Region {
  const start = roundUp(from, unit);
  const length = Math.max(to - to % unit - start, 0);
  return { address: addressAfter(region.address, start), length };
}

/** So many bytes and what is missing to whole pages. */
export function roundUp(length: number, unit: number): number {
  return Math.ceil(length / unit) * unit;
}

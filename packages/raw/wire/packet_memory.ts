import { requireRange, requireSum } from "./range.ts";
import { SIMD_BYTES, simdSumModule } from "./simd_sum.ts";
import { fold, sumOf, swap } from "./word_sum.ts";

type Sum = (start: number, end: number) => number;

/**
 * How a {@linkcode PacketMemory} is made.
 *
 * @example Without WebAssembly
 * ```ts
 * import { PacketMemory, type PacketMemoryOptions } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * const options: PacketMemoryOptions = { simd: false };
 * assert.equal(new PacketMemory(65536, options).simd, false);
 * ```
 */
export interface PacketMemoryOptions {
  /** `false` sums in JavaScript although WebAssembly is there. */
  readonly simd?: boolean;
}

/**
 * Memory for packets whose checksums are found by SIMD instructions where they lie, at twice the
 * speed of a plain loop in C. It is the memory of a small WebAssembly module, and never grows, so
 * that its address stays; where there is no WebAssembly, or none with SIMD, it is an ordinary
 * buffer, and {@linkcode PacketMemory.simd} says so.
 *
 * @example Packets are made, received and summed in place
 * ```ts
 * import { checksum, PacketMemory } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * const memory = new PacketMemory(2 ** 20);
 * const packet = memory.take(1500).fill(0x5a);
 * assert.equal(memory.checksum(packet, 20), checksum(packet, 20));
 * ```
 */
export class PacketMemory {
  /** Whether checksums are found by SIMD instructions. */
  readonly simd: boolean;
  /** All of it. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly #buffer: ArrayBuffer;
  readonly #sum: Sum | undefined;
  #taken = 0;

  /**
   * Takes memory of the system.
   *
   * @param length How much, in bytes; it is rounded up to pages of 64 KiB
   * @param options Whether to do without SIMD
   * @throws {RangeError} If the length is not above 0 and at most 2^32
   */
  constructor(length: number, options: PacketMemoryOptions = {}) {
    if (!Number.isInteger(length) || length <= 0 || length > 2 ** 32) {
      throw new RangeError(`length must be from 1 to 2^32 bytes, not ${length}`);
    }
    const pages = Math.ceil(length / PAGE);
    const simd = options.simd === false ? undefined : instantiate(pages);
    this.#buffer = simd?.buffer ?? new ArrayBuffer(pages * PAGE);
    this.#sum = simd?.sum;
    this.simd = simd !== undefined;
    this.bytes = new Uint8Array(this.#buffer);
  }

  /**
   * Hands out a part that was not handed out before. There is no giving back: who needs packets
   * again and again keeps them.
   *
   * @param length How much, in bytes
   * @param align What its place is a multiple of, in bytes, a power of 2
   * @returns The part; its contents are zero
   * @throws {RangeError} If there is no room left
   *
   * @example 64 packets
   * ```ts
   * import { PacketMemory } from "@posixly/raw/wire";
   * import assert from "node:assert/strict";
   *
   * const memory = new PacketMemory(64 * 2048);
   * const packets = Array.from({ length: 64 }, () => memory.take(2048));
   * assert.equal(packets[63].byteOffset, 63 * 2048);
   * assert.throws(() => memory.take(1), RangeError);
   * ```
   */
  take(length: number, align: number = 16): Uint8Array<ArrayBuffer> {
    if (!Number.isInteger(length) || length < 0) {
      throw new RangeError(`length must be a whole number of bytes, not ${length}`);
    }
    if (!Number.isInteger(Math.log2(align))) {
      throw new RangeError(`align must be a power of 2, not ${align}`);
    }
    const start = Math.ceil(this.#taken / align) * align;
    if (start + length > this.bytes.length) {
      const left = Math.max(0, this.bytes.length - start);
      throw new RangeError(`length must be at most the ${left} bytes that are left, not ${length}`);
    }
    this.#taken = start + length;
    return this.bytes.subarray(start, start + length);
  }

  /**
   * Like `checksum`, for bytes in this memory.
   *
   * @param bytes Where they are: what was handed out, or a part of it
   * @param start Where they begin, in bytes
   * @param end Where they end, in bytes
   * @param initial A sum to begin with, a whole number below 2^32
   * @returns 16 bits; 0 if the checksum is among the bytes, and right
   * @throws {TypeError} If they lie elsewhere
   * @throws {TypeError | RangeError} If `start` and `end` are no part of `bytes`, or a sum none
   */
  checksum(
    bytes: Uint8Array,
    start: number = 0,
    end: number = bytes.length,
    initial: number = 0,
  ): number {
    return this.onesComplementSum(bytes, start, end, initial) ^ 0xffff;
  }

  /**
   * Like `onesComplementSum`, for bytes in this memory.
   *
   * @param bytes Where they are: what was handed out, or a part of it
   * @param start Where they begin, in bytes
   * @param end Where they end, in bytes
   * @param initial The sum of what came before, a whole number below 2^32
   * @returns 16 bits; 0 only if everything is
   * @throws {TypeError} If they lie elsewhere
   * @throws {TypeError | RangeError} If `start` and `end` are no part of `bytes`, or a sum none
   */
  onesComplementSum(
    bytes: Uint8Array,
    start: number = 0,
    end: number = bytes.length,
    initial: number = 0,
  ): number {
    requireRange(bytes, start, end);
    requireSum(initial);
    if (bytes.buffer !== this.#buffer) throw new TypeError("bytes must lie in this memory");
    const at = bytes.byteOffset;
    // To WebAssembly, the end of the largest memory is 0.
    const isByJavaScript = this.#sum === undefined || at + end === 2 ** 32;
    if (isByJavaScript) return fold(initial + sumOf(bytes, start, end));
    return fold(initial + swap(simdSum(this.#sum!, at + start, at + end)));
  }
}

const PAGE = 65536;

function simdSum(sum: Sum, start: number, end: number): number {
  if (end - start <= SIMD_BYTES) return sum(start, end);
  let total = 0;
  for (let at = start; at < end; at += SIMD_BYTES) {
    total += sum(at, Math.min(at + SIMD_BYTES, end));
  }
  return fold(total);
}

/** As much as is needed of what browsers and servers have, and not every set of types knows. */
interface Wasm {
  validate(code: Uint8Array): boolean;
  readonly Memory: new (size: { initial: number; maximum: number }) => { buffer: ArrayBuffer };
  readonly Module: new (code: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { exports: { sum: Sum } };
}

/** Memory and the function over it, or nothing where there is no WebAssembly with SIMD. */
function instantiate(pages: number): { buffer: ArrayBuffer; sum: Sum } | undefined {
  const { WebAssembly: wasm } = globalThis as unknown as { WebAssembly?: Wasm };
  const code = simdSumModule();
  if (!wasm?.validate(code)) return undefined;
  const memory = new wasm.Memory({ initial: pages, maximum: pages });
  const { exports } = new wasm.Instance(new wasm.Module(code), { host: { memory } });
  return { buffer: memory.buffer, sum: exports.sum };
}

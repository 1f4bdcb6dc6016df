import { requireInteger64 } from "@posixly/sys";

/**
 * A place in a file, as a call of the kernel takes it: by the address of an `off_t`, which the call
 * moves. One serves all calls, since a thread never has two under way.
 */
export class Offset {
  readonly #words = new Words(1);

  /** The place, checked; `null` is where the file's position is. */
  at(offset: number | bigint | undefined, name: string): Int32Array | null {
    if (offset === undefined) return null;
    requireInteger64(offset, name);
    this.#words.set(0, offset);
    return this.#words.halves;
  }
}

/** Integers of 64 bits, which are set without a bigint where a number will do. */
export class Words {
  /** As a call takes them: of each the lower half, then the upper. */
  readonly halves: Int32Array;
  readonly #wide: BigInt64Array;

  constructor(count: number) {
    this.#wide = new BigInt64Array(count);
    this.halves = new Int32Array(this.#wide.buffer);
  }

  /** Sets one; a number is an integer from 0 to 2 ** 53 - 1. */
  set(index: number, value: number | bigint): void {
    if (typeof value === "bigint") {
      this.#wide[index] = value;
    } else {
      this.halves[2 * index] = value; // the lower 32 bits of it
      this.halves[2 * index + 1] = value / 2 ** 32;
    }
  }
}

/** The place some bytes further on, exact wherever that is. */
export function after(offset: number | bigint, bytes: number): number | bigint {
  const sum = Number(offset) + bytes;
  return Number.isSafeInteger(sum) ? sum : BigInt(offset) + BigInt(bytes);
}

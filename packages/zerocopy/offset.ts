import { requireInteger64 } from "@posixly/sys";

/**
 * A place in a file, as a call of the kernel takes it: by the address of an `off_t`, which the call
 * moves. One serves all calls, since a thread never has two under way.
 */
export class Offset {
  readonly #wide = new BigInt64Array(1);
  readonly #halves = new Int32Array(this.#wide.buffer);

  /** The place, checked; `null` is where the file's position is. */
  at(offset: number | bigint | undefined, name: string): Int32Array | null {
    if (offset === undefined) return null;
    requireInteger64(offset, name);
    if (typeof offset === "bigint") {
      this.#wide[0] = offset;
    } else {
      this.#halves[0] = offset; // the lower 32 bits of it
      this.#halves[1] = offset / 2 ** 32;
    }
    return this.#halves;
  }
}

/** The place some bytes further on, exact wherever that is. */
export function after(offset: number | bigint, bytes: number): number | bigint {
  const sum = Number(offset) + bytes;
  return Number.isSafeInteger(sum) ? sum : BigInt(offset) + BigInt(bytes);
}

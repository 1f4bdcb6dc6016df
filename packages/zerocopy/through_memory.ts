import { type AsFd, pread, read, write } from "@posixly/fd";

/** How much is moved at once. */
export const MEMORY = 65_536;

/**
 * What was read and is about to be written. One buffer serves all: what is not taken at once is
 * copied, so that thousands who wait need no memory.
 */
const buffer = new Uint8Array(MEMORY);
const nothing = new Uint8Array(0);

/** Bytes on their way by way of this program. */
export class Copying {
  /** How many bytes were read, and have not been written. */
  held = 0;
  readonly #taken: (bytes: number) => void;
  #rest: Uint8Array = nothing;

  /** @param taken Told of each part that has been written */
  constructor(taken: (bytes: number) => void) {
    this.#taken = taken;
  }

  /**
   * Reads some, and writes at once what there is room for. Only while nothing is held.
   *
   * @param offset Where to read; by default at the position
   * @returns How many were read; 0 is the end; `null` if there are none now
   */
  move(from: AsFd, to: AsFd, length: number, offset?: number | bigint): number | null {
    const part = length < MEMORY ? buffer.subarray(0, length) : buffer;
    const n = offset === undefined ? read(from, part) : pread(from, part, offset);
    if (n === null || n === 0) return n;
    const written = write(to, n === MEMORY ? buffer : buffer.subarray(0, n)) ?? 0;
    if (written < n) this.#keep(buffer.slice(written, n));
    if (written > 0) this.#taken(written);
    return n;
  }

  /** Writes of what is held as much as there is room for; tells how much, `null` is none now. */
  pay(to: AsFd): number | null {
    const written = write(to, this.#rest);
    if (written === null) return null;
    this.#keep(this.#rest.subarray(written));
    this.#taken(written);
    return written;
  }

  #keep(rest: Uint8Array): void {
    this.#rest = rest;
    this.held = rest.length;
  }
}

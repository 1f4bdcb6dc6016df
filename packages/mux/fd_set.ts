import { type AsFd, fdOf } from "@posixly/fd";

/** A set of descriptors for select(2): a bit for each number, as many as there need be. */
export class FdSet<F extends AsFd> {
  /** The numbers of what was given. */
  readonly numbers: readonly number[];
  readonly #given: readonly F[];
  #bits: Uint32Array | null = null;

  constructor(given: readonly F[], name: string) {
    if (!Array.isArray(given)) throw new TypeError(`${name} must be an array of descriptors`);
    this.#given = given;
    this.numbers = given.map((fd) => fdOf(fd));
  }

  /** The `fd_set` for the kernel, which has whole words of 64 bits; `null` if it is empty. */
  upTo(highest: number): Uint32Array | null {
    if (this.numbers.length === 0) return null;
    const bits = new Uint32Array(2 * Math.ceil((highest + 1) / 64));
    for (const fd of this.numbers) bits[fd >> 5] |= 1 << (fd & 31);
    return this.#bits = bits;
  }

  /** What the kernel has left in the set, as it was given. */
  left(): F[] {
    const bits = this.#bits!;
    return this.#given.filter((_, i) => {
      const fd = this.numbers[i];
      return (bits[fd >> 5] & (1 << (fd & 31))) !== 0;
    });
  }
}

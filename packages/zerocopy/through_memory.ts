import { type AsFd, pread, read, write } from "@posixly/fd";
import { type WaitOptions, whenReadable, whenWritable } from "@posixly/mux";

/** How much is read at once. */
const SIZE = 65_536;

/** Bytes that go by way of this program, for what the kernel does not move by itself. */
export class ThroughMemory {
  readonly #from: AsFd;
  readonly #to: AsFd;
  readonly #wait: WaitOptions | undefined;
  readonly #buffer: Uint8Array;

  constructor(from: AsFd, to: AsFd, wait: WaitOptions | undefined, size: number = SIZE) {
    this.#from = from;
    this.#to = to;
    this.#wait = wait;
    this.#buffer = new Uint8Array(size);
  }

  /** How many bytes it takes at once. */
  get size(): number {
    return this.#buffer.length;
  }

  /** Waits for bytes and says how many there are; 0 is the end. */
  async fill(length: number, offset?: number | bigint): Promise<number> {
    const buffer = length < this.size ? this.#buffer.subarray(0, length) : this.#buffer;
    const attempt = offset === undefined
      ? () => read(this.#from, buffer)
      : () => pread(this.#from, buffer, offset);
    return await whenReadable(this.#from, attempt, this.#wait);
  }

  /** Writes what was read, and tells of each part that was taken. */
  async drain(length: number, taken: (bytes: number) => void): Promise<void> {
    for (let done = 0; done < length;) {
      const rest = this.#buffer.subarray(done, length);
      const n = await whenWritable(this.#to, () => write(this.#to, rest), this.#wait);
      done += n;
      taken(n);
    }
  }
}

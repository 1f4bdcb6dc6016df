import { joined, part } from "./bytes.ts";

/**
 * Bytes that come in pieces, of which as many are looked at in one piece as is asked for. What lies
 * within one chunk is not copied, and what does not is joined once, not with every chunk.
 */
export class Input {
  /** Where {@linkcode at} counts. */
  bytes: Uint8Array = new Uint8Array(0);
  /** What comes next. */
  at = 0;
  /** The place of the next byte in the file. */
  offset = 0;
  /** How many bytes were asked for last. */
  wanted = 0;
  #later: Uint8Array[] = [];
  #laterLength = 0;

  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    if (this.at === this.bytes.length && this.#later.length === 0) {
      this.bytes = chunk;
      this.at = 0;
    } else {
      this.#later.push(chunk);
      this.#laterLength += chunk.length;
    }
  }

  /** How many bytes are there that were not taken. */
  get available(): number {
    return this.bytes.length - this.at + this.#laterLength;
  }

  /** Whether so many bytes are there; then they are in `bytes`, from `at` on. */
  has(length: number): boolean {
    this.wanted = length;
    if (this.bytes.length - this.at >= length) return true;
    if (this.available < length) return false;
    this.bytes = joined([part(this.bytes, this.at, this.bytes.length), ...this.#later]);
    this.at = 0;
    this.#later = [];
    this.#laterLength = 0;
    return true;
  }

  take(length: number): void {
    this.at += length;
    this.offset += length;
  }
}

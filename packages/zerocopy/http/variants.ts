import { wish } from "./accept_encoding.ts";
import type { FoundFile, OpenFile } from "./open_file.ts";

/** A file, and the same packed, from the smallest on. */
export class Variants {
  readonly #plain: OpenFile;
  readonly #packed: readonly OpenFile[];
  /** When they were last found to be as they were. */
  #look: number | undefined;

  constructor(plain: OpenFile, packed: readonly OpenFile[] = []) {
    this.#plain = plain;
    this.#packed = [...packed].sort((a, b) => a.representation.size - b.representation.size);
  }

  /** How many files there are. */
  get count(): number {
    return 1 + this.#packed.length;
  }

  /**
   * Whether all of them are as they were.
   *
   * @param look Within which it is asked, see `looks` of `@posixly/mux`: once is enough for each
   */
  isCurrent(look?: number): boolean {
    if (look !== undefined && look === this.#look) return true;
    this.#look = look;
    return this.#plain.isCurrent && this.#packed.every((file) => file.isCurrent);
  }

  /** Lends the one that a client wants most; of those the smallest that is packed. */
  lend(acceptEncoding: string | null | undefined): FoundFile {
    if (this.#packed.length === 0 || !acceptEncoding) return this.#plain.lend();
    let best = this.#plain;
    let most = wish(acceptEncoding, "identity");
    for (const file of this.#packed) {
      const wanted = wish(acceptEncoding, file.representation.encoding!);
      const isBetter = best === this.#plain ? wanted >= most : wanted > most;
      if (wanted > 0 && isBetter) [best, most] = [file, wanted];
    }
    return best.lend();
  }

  retire(): void {
    this.#plain.retire();
    for (const file of this.#packed) file.retire();
  }
}

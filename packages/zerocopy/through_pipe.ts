import type { AsFd } from "@posixly/fd";
import type { Pipe } from "@posixly/pipe";
import { givePipe, takePipe } from "./pipe_pool.ts";
import { splice } from "./splice.ts";
import type { Copying } from "./through_memory.ts";

/** These two cannot be spliced, and nothing was moved. */
export const REFUSED = -1;

/** Why splice(2) does not take a pair of descriptors which may well be read and written. */
const refusals = ["EINVAL", "ENOSYS"];

/**
 * Bytes on their way through a pipe in between, by reference where the kernel can.
 *
 * A pipe is held only for as long as something is in it. Only an empty one is filled, since that
 * tells what "would block" means: that the source has nothing.
 */
export class Splicing {
  /** Whether the sink cannot be spliced to; what is in the pipe then is copied out of it. */
  isRefused = false;
  /** How many bytes are in between. */
  held = 0;
  readonly #copying: Copying;
  readonly #taken: (bytes: number) => void;
  #pipe: Pipe | undefined;

  /**
   * @param copying How what is refused goes on
   * @param taken Told of each part that was spliced to the sink
   */
  constructor(copying: Copying, taken: (bytes: number) => void) {
    this.#copying = copying;
    this.#taken = taken;
  }

  /**
   * Fills the pipe, and empties it at once as far as there is room. Only while nothing is held.
   *
   * @returns How many went in; 0 is the end; `null` if there are none now; or {@linkcode REFUSED}
   */
  move(from: AsFd, to: AsFd, length: number): number | null {
    const pipe = takePipe();
    let n: number | null = null;
    try {
      n = splice(from, pipe.writer, length);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      this.isRefused = true;
      return REFUSED;
    } finally {
      if (n === null || n === 0) givePipe(pipe); // still empty
    }
    if (n === null || n === 0) return n;
    this.#pipe = pipe;
    this.held = n;
    this.pay(to);
    return n;
  }

  /** Empties the pipe as far as there is room. */
  pay(to: AsFd): void {
    const { reader } = this.#pipe!;
    if (this.isRefused) return this.#left(this.#copying.move(reader, to, this.held) ?? 0);
    let n: number | null;
    try {
      n = splice(reader, to, this.held);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      this.isRefused = true;
      return;
    }
    if (n === null) return;
    this.#left(n);
    this.#taken(n);
  }

  /** Throws away what is in between. */
  drop(): void {
    this.#pipe?.[Symbol.dispose]();
    this.#pipe = undefined;
    this.held = 0;
  }

  /** So many have left the pipe; an empty one goes back. */
  #left(bytes: number): void {
    this.held -= bytes;
    if (this.held > 0) return;
    givePipe(this.#pipe!);
    this.#pipe = undefined;
  }
}

function isRefusal(error: unknown): boolean {
  return refusals.includes((error as { code?: string }).code ?? "");
}

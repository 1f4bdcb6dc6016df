/** How many calls copy at most before lending is tried again. */
const LONGEST = 1024;

/**
 * Whether to lend, by what came of it so far. A kernel that copies all the same, as between two
 * programs of one machine, takes longer for it than one that was asked to: so after each time that
 * it did, twice as many calls copy before the next attempt.
 */
export class LendingHabit {
  #pause = 0;
  #left = 0;

  /** Whether the next call should lend. */
  get lends(): boolean {
    return this.#left === 0;
  }

  /** A call has copied, as it should. */
  copied(): void {
    if (this.#left > 0) this.#left--;
  }

  /** The kernel is done with what was lent, and has copied it or not; or has no room for more. */
  learn(isCopied: boolean): void {
    this.#pause = isCopied ? Math.min(this.#pause * 2 || 1, LONGEST) : 0;
    this.#left = this.#pause;
  }
}

/** How long to leave it after failures: twice as long after each. */
export class Backoff {
  readonly #first: number;
  readonly #longest: number;
  readonly #jitter: number;
  #delay = 0;
  /** When the last pause began, and when it ends; 0 if all is well. */
  #since = 0;
  until = 0;

  constructor(first: number, longest: number, jitter: number) {
    this.#first = first;
    this.#longest = longest;
    this.#jitter = jitter;
  }

  /** Those that began before the last pause fail for the same reason, and lengthen nothing. */
  failed(begun: number, now: number): void {
    const isNew = this.until === 0 || begun >= this.#since;
    if (!isNew && now < this.until) return;
    if (isNew) this.#delay = this.#delay === 0 ? this.#first : this.#delay * 2;
    this.#delay = Math.min(this.#delay, this.#longest);
    this.#since = now;
    this.until = now + this.#delay * (1 + this.#jitter * Math.random());
  }

  succeeded(): void {
    this.#delay = this.until = 0;
  }
}

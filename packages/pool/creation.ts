import type { CreateContext } from "./options.ts";

/** A resource that is being created. */
export class Creation implements CreateContext {
  readonly begun: number;
  isUnwanted = false;
  #reason: unknown;
  #controller: AbortController | undefined;

  constructor(begun: number) {
    this.begun = begun;
  }

  /** Made when somebody asks, for it costs more than the rest of us together. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.isUnwanted) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  /** Tells whoever creates it that nobody wants it any more. */
  callOff(reason: unknown): void {
    if (this.isUnwanted) return;
    this.isUnwanted = true;
    this.#reason = reason;
    this.#controller?.abort(reason);
  }
}

import type { Buffer } from "node:buffer";
import { type Answer, isLasting } from "./answer.ts";

/** An answer as it goes out: its head, and all that follows or nothing, if that is long. */
export interface Parcel {
  readonly bytes: Uint8Array;
  /** How long its head is. */
  readonly head: number;
  /** The `Date` in its head. */
  readonly date: string;
}

/** How long a parcel may be. */
const LIMIT = 8192;

/**
 * Answers that are the same whoever asks, until the clock says something else: for a second at
 * most. That their file has not changed meanwhile is up to whoever asks for them.
 */
export class Parcels {
  readonly #parcels = new WeakMap<Answer, Parcel>();

  get(answer: Answer, date: string): Parcel | undefined {
    const parcel = this.#parcels.get(answer);
    return parcel?.date === date ? parcel : undefined;
  }

  /** Keeps an answer, which was just put together there. */
  add(answer: Answer, from: Buffer, head: number, length: number, date: string): void {
    if (length > LIMIT || !isLasting(answer)) return;
    const bytes = new Uint8Array(new ArrayBuffer(length));
    bytes.set(from.subarray(0, length));
    this.#parcels.set(answer, { bytes, head, date });
  }
}

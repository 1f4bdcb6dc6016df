import { joined } from "./bytes.ts";
import type { IpFragment } from "./ip_fragment.ts";

/** What a fragment did to its packet. */
export type Outcome = "more" | "whole" | "duplicate" | "overlap" | "conflict" | "tooMany";

interface Piece {
  readonly from: number;
  readonly bytes: Uint8Array;
}

/** What an object costs besides its bytes, roughly. */
const OVERHEAD = 128;

/** A packet of which some fragments have come. */
export class PartialDatagram {
  readonly deadline: number;
  /** How many bytes it takes. */
  cost = OVERHEAD;
  /** Whether it was given up: what still comes of it is dropped. */
  isDead = false;
  /** Sorted, and without overlap. */
  #pieces: Piece[] = [];
  #held = 0;
  #length: number | undefined;
  #header: Uint8Array | undefined;

  constructor(deadline: number) {
    this.deadline = deadline;
  }

  /** Takes a fragment in. */
  add(fragment: IpFragment, overlap: "drop" | "first" | "last", maxPieces: number): Outcome {
    const { header, data, offset, more } = fragment;
    const end = offset + data.length;
    if (this.#length !== undefined && (more ? end > this.#length : end !== this.#length)) {
      return "conflict";
    }
    const last = this.#pieces.at(-1);
    if (!more && last !== undefined && last.from + last.bytes.length > end) return "conflict";
    const around = this.#pieces.filter((piece) =>
      piece.from < end && piece.from + piece.bytes.length > offset
    );
    if (around.length > 0) {
      if (isSame(around, offset, data)) return "duplicate";
      if (overlap === "drop") return "overlap";
      if (overlap === "first") {
        for (const gap of gaps(around, offset, end)) this.#put(data, offset, gap);
      } else this.#replace(around, offset, data);
    } else this.#put(data, offset, { from: offset, to: end });
    if (this.#pieces.length > maxPieces) return "tooMany";
    if (!more) this.#length = end;
    if (offset === 0 && (this.#header === undefined || overlap === "last")) {
      this.cost += header.length - (this.#header?.length ?? 0);
      this.#header = new Uint8Array(header);
    }
    return this.#length === this.#held && this.#header !== undefined ? "whole" : "more";
  }

  /** All headers and data, once the outcome was `whole`. */
  get contents(): { header: Uint8Array; data: Uint8Array } {
    const data = new Uint8Array(this.#held);
    for (const { from, bytes } of this.#pieces) data.set(bytes, from);
    return { header: this.#header!, data };
  }

  /** The first fragment as it came, if it did. */
  get first(): Uint8Array<ArrayBuffer> | undefined {
    if (this.#header === undefined || this.#pieces[0]?.from !== 0) return undefined;
    return joined(this.#header, this.#pieces[0].bytes);
  }

  /** Forgets all that came, and remembers that nothing is to be made of what comes. */
  die(): void {
    this.isDead = true;
    this.cost = OVERHEAD;
    this.#pieces = [];
    this.#header = undefined;
  }

  #put(data: Uint8Array, offset: number, { from, to }: { from: number; to: number }): void {
    this.#insert({ from, bytes: new Uint8Array(data.subarray(from - offset, to - offset)) });
  }

  #insert(piece: Piece): void {
    const after = this.#pieces.findIndex(({ from }) => from > piece.from);
    this.#pieces.splice(after === -1 ? this.#pieces.length : after, 0, piece);
    this.#held += piece.bytes.length;
    this.cost += piece.bytes.length + OVERHEAD;
  }

  #replace(around: readonly Piece[], offset: number, data: Uint8Array): void {
    const end = offset + data.length;
    this.#pieces = this.#pieces.filter((piece) => !around.includes(piece));
    for (const { from, bytes } of around) {
      this.#held -= bytes.length;
      this.cost -= bytes.length + OVERHEAD;
      if (from < offset) this.#put(bytes, from, { from, to: offset });
      const to = from + bytes.length;
      if (to > end) this.#put(bytes, from, { from: end, to });
    }
    this.#put(data, offset, { from: offset, to: end });
  }
}

function isSame(around: readonly Piece[], offset: number, data: Uint8Array): boolean {
  const [{ from, bytes }] = around;
  return around.length === 1 && from === offset && bytes.length === data.length &&
    bytes.every((byte, i) => byte === data[i]);
}

/** What no piece covers. */
function gaps(around: readonly Piece[], from: number, to: number): { from: number; to: number }[] {
  const found: { from: number; to: number }[] = [];
  let at = from;
  for (const piece of around) {
    if (piece.from > at) found.push({ from: at, to: piece.from });
    at = piece.from + piece.bytes.length;
  }
  if (at < to) found.push({ from: at, to });
  return found;
}

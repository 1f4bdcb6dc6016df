/** How many bytes of a piece are looked at to tell where it is kept. */
const LOOKS = 16;

/**
 * What was made of pieces of bytes, for when the same bytes come again, as most of what clients
 * say does. It takes a fixed amount of memory: a piece that comes to lie where another is replaces it.
 */
export class Recent<T> {
  /** How long a piece may be that is kept. */
  readonly #room: number;
  readonly #bytes: Uint8Array;
  readonly #lengths: Uint32Array;
  readonly #values: (T | undefined)[];

  /**
   * @param places How many pieces are kept at most, a power of 2
   * @param room How many bytes one may have
   */
  constructor(places: number, room: number) {
    this.#room = room;
    this.#bytes = new Uint8Array(new ArrayBuffer(places * room));
    this.#lengths = new Uint32Array(places);
    this.#values = Array.from({ length: places }, () => undefined);
  }

  /** What was made of these very bytes, if that is known still. */
  get(bytes: Uint8Array, start: number, end: number): T | undefined {
    const place = this.#placeOf(bytes, start, end);
    if (this.#lengths[place] !== end - start) return undefined;
    const kept = this.#bytes;
    let at = place * this.#room;
    for (let i = start; i < end; i++) if (bytes[i] !== kept[at++]) return undefined;
    return this.#values[place];
  }

  /** Keeps what was made of them, unless they are too long. */
  set(bytes: Uint8Array, start: number, end: number, value: T): void {
    if (end - start > this.#room) return;
    const place = this.#placeOf(bytes, start, end);
    let at = place * this.#room;
    for (let i = start; i < end; i++) this.#bytes[at++] = bytes[i];
    this.#lengths[place] = end - start;
    this.#values[place] = value;
  }

  #placeOf(bytes: Uint8Array, start: number, end: number): number {
    const length = end - start;
    const step = 1 + Math.floor(length / LOOKS);
    let hash = length;
    for (let i = start; i < end; i += step) hash = Math.imul(hash, 31) + bytes[i];
    return (hash ^ hash >>> 15) & (this.#lengths.length - 1);
  }
}

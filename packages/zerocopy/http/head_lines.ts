import { BLANK, DIGIT, isOf, skip, TARGET, TOKEN, VALUE } from "./byte_class.ts";
import { HttpError } from "./http_error.ts";

const CR = 0x0d;
const LF = 0x0a;
const SPACE = 0x20;
const COLON = 0x3a;

const HTTP = new TextEncoder().encode("HTTP/1.");

/** Finds the lines of a request's head, and what they are made of: places, and no text yet. */
export class HeadLines {
  /** Where the method starts, where it ends, and where the target after it ends. */
  methodStart = 0;
  methodEnd = 0;
  targetEnd = 0;
  /** Of the version; what is higher than 1 counts as 1. */
  minor: 0 | 1 = 0;
  /** Where each name and each value starts and ends, counted from the first of the headers. */
  readonly spans: number[] = [];
  /** How far it is read. */
  at: number;
  readonly #bytes: Uint8Array;
  readonly #end: number;

  constructor(bytes: Uint8Array, start: number, end: number) {
    this.#bytes = bytes;
    this.#end = end;
    this.at = start;
  }

  /** `false` if it is not whole. */
  readRequestLine(longestTarget: number): boolean {
    // Some end the body before with a line too many.
    if (this.#bytes[this.at] === CR && !this.#readEndOfLine()) return false;
    this.methodStart = this.at;
    this.methodEnd = this.#skip(TOKEN);
    if (!this.#readSpace()) return false;
    this.targetEnd = this.#skip(TARGET);
    if (this.targetEnd - this.methodEnd - 1 > longestTarget) {
      throw new HttpError(414, "The target is too long");
    }
    if (!this.#readSpace()) return false;
    return this.#readVersion() && this.#readEndOfLine();
  }

  /** `false` if they are not whole. */
  readHeaders(most: number): boolean {
    const start = this.at;
    while (this.at < this.#end && this.#bytes[this.at] !== CR) {
      if (this.spans.length === 4 * most) throw new HttpError(431, "There are too many headers");
      if (!this.#readHeader(start)) return false;
    }
    return this.#readEndOfLine();
  }

  #readHeader(start: number): boolean {
    const nameStart = this.at;
    const nameEnd = this.#skip(TOKEN);
    if (this.at === this.#end) return false;
    if (nameEnd === nameStart || this.#bytes[nameEnd] !== COLON) throw malformed();
    this.at++;
    const valueStart = this.#skip(BLANK);
    let valueEnd = this.#skip(VALUE);
    while (valueEnd > valueStart && isOf(this.#bytes[valueEnd - 1], BLANK)) valueEnd--;
    this.spans.push(nameStart - start, nameEnd - start, valueStart - start, valueEnd - start);
    return this.#readEndOfLine();
  }

  #skip(kind: number): number {
    return this.at = skip(this.#bytes, this.at, this.#end, kind);
  }

  /** The one space after something that must not be empty. */
  #readSpace(): boolean {
    if (this.at === this.#end) return false;
    const isFirst = this.at === this.methodStart || this.at === this.methodEnd + 1;
    if (isFirst || this.#bytes[this.at] !== SPACE) throw malformed();
    this.at++;
    return true;
  }

  #readVersion(): boolean {
    const start = this.at;
    const bytes = this.#bytes;
    if (this.#skip(VALUE) === this.#end) return false;
    let same = 0;
    while (same < HTTP.length && bytes[start + same] === HTTP[same]) same++;
    const isVersion = this.at === start + 8 && same >= 5 && isOf(bytes[start + 5], DIGIT) &&
      bytes[start + 6] === HTTP[6] && isOf(bytes[start + 7], DIGIT);
    if (!isVersion) throw malformed();
    if (same < HTTP.length) throw new HttpError(505, "HTTP/1.0 and HTTP/1.1 only");
    // One that is higher than we know is to be taken for the highest that we do, RFC 9110 section 2.5.
    this.minor = bytes[start + 7] === 0x30 ? 0 : 1;
    return true;
  }

  /** Both bytes of it: a line feed alone ends a line for some, and not for others. */
  #readEndOfLine(): boolean {
    if (this.at === this.#end) return false;
    if (this.#bytes[this.at] !== CR) throw malformed();
    if (this.at + 1 === this.#end) return false;
    if (this.#bytes[this.at + 1] !== LF) throw malformed();
    this.at += 2;
    return true;
  }
}

function malformed(): HttpError {
  return new HttpError(400, "This is no request of HTTP/1");
}

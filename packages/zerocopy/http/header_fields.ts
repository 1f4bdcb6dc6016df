import { isAuthority } from "./authority.ts";
import { HttpError } from "./http_error.ts";

/** The headers of a request, RFC 9112, and what follows from them. */
export class HeaderFields {
  /** How many lines there are. */
  readonly lines: number;
  /** Of the version that they came with: HTTP/1.0 or HTTP/1.1. */
  readonly minor: 0 | 1;
  /** Whether the client wants to go on with the connection. */
  readonly keepAlive: boolean;
  /** What follows the head: so many bytes, or chunks. */
  readonly body: number | "chunked";
  readonly #text: string;
  /** Where each name and each value starts and ends in the text. */
  readonly #spans: readonly number[];

  /** @throws {HttpError} If they contradict each other */
  constructor(text: string, spans: readonly number[], minor: 0 | 1) {
    this.#text = text;
    this.#spans = spans;
    this.lines = spans.length / 4;
    this.minor = minor;
    this.#requireHost();
    this.keepAlive = this.#keepsAlive();
    this.body = this.#bodyLength();
  }

  /**
   * The value of a header, by its name in lower case; those of several lines joined by ", ", and
   * `null` if there is none.
   */
  get(name: string): string | null {
    const first = this.#find(name, 0);
    if (first === -1) return null;
    let value = this.#value(first);
    for (let i = this.#find(name, first + 4); i !== -1; i = this.#find(name, i + 4)) {
      value += `, ${this.#value(i)}`;
    }
    return value;
  }

  /** The value of a header that there must be one of at most. */
  #only(name: string): string | null {
    const first = this.#find(name, 0);
    if (first === -1) return null;
    if (this.#find(name, first + 4) !== -1) throw new HttpError(400, `There is a second ${name}`);
    return this.#value(first);
  }

  /** Where the next header of a name is among the spans; -1 if there is none. */
  #find(name: string, from: number): number {
    const spans = this.#spans;
    for (let i = from; i < spans.length; i += 4) {
      if (spans[i + 1] - spans[i] === name.length && this.#isNamed(spans[i], name)) return i;
    }
    return -1;
  }

  #isNamed(start: number, name: string): boolean {
    for (let i = 0; i < name.length; i++) {
      let code = this.#text.charCodeAt(start + i);
      if (code >= 0x41 && code <= 0x5a) code += 0x20; // to lower case
      if (code !== name.charCodeAt(i)) return false;
    }
    return true;
  }

  #value(i: number): string {
    return this.#text.slice(this.#spans[i + 2], this.#spans[i + 3]);
  }

  #requireHost(): void {
    const host = this.#only("host");
    if (host === null) {
      if (this.minor === 1) throw new HttpError(400, "There is no Host");
      return;
    }
    // It is empty where what is asked for has no host.
    if (host !== "" && !isAuthority(host)) throw new HttpError(400, "There is no such Host");
  }

  #keepsAlive(): boolean {
    const connection = this.get("connection");
    if (connection === null) return this.minor === 1;
    return this.minor === 1 ? !closes.test(connection) : goesOn.test(connection);
  }

  /** Two ends of one body are how a second request is smuggled past whoever sees only one. */
  #bodyLength(): number | "chunked" {
    const length = this.#only("content-length");
    const coding = this.get("transfer-encoding");
    if (coding !== null) {
      if (length !== null) throw new HttpError(400, "The body ends in two ways");
      if (this.minor === 0) throw new HttpError(400, "There are no chunks in HTTP/1.0");
      if (coding.toLowerCase() !== "chunked") throw new HttpError(501, "Chunks and no more");
      return "chunked";
    }
    if (length === null) return 0;
    if (!/^\d{1,15}$/.test(length)) throw new HttpError(400, "There is no such length");
    return Number(length);
  }
}

const closes = option("close");
const goesOn = option("keep-alive");

/** Whether a list has an item, in whatever case. */
function option(name: string): RegExp {
  return new RegExp(`(?:^|,)[\\t ]*${name}[\\t ]*(?:,|$)`, "i");
}

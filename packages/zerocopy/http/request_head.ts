import { Buffer } from "node:buffer";
import { HOST, isOf } from "./byte_class.ts";
import { HeadLines } from "./head_lines.ts";
import { HttpError } from "./http_error.ts";

/**
 * How much a client may send before it is told that this is too much.
 *
 * @example Usage
 * ```ts
 * import { type HeadLimits, serveStatic } from "@posixly/zerocopy/http";
 *
 * const limits: HeadLimits = { head: 4096, lines: 30 };
 * using server = serveStatic(".", { limits });
 * ```
 */
export interface HeadLimits {
  /** Bytes of a whole head, 16 KiB by default; beyond it the answer is 431. */
  readonly head?: number;
  /** Bytes of a request target, 8 KiB by default; beyond it the answer is 414. */
  readonly target?: number;
  /** How many headers, 100 by default; beyond it the answer is 431. */
  readonly lines?: number;
}

/** How much it is unless somebody says otherwise. */
export const HEAD_LIMITS: Required<HeadLimits> = { head: 16_384, target: 8192, lines: 100 };

/**
 * Reads the head of a request, strictly: what two readers might understand in two ways is refused.
 * Lines end with both bytes, names stand right before their colon, no header goes on in another
 * line; there is one `Host`, and one way to tell where the body ends.
 *
 * Try again only once a line feed has come: then bytes that trickle cost little. A `Buffer` is read
 * fastest. What is returned does not need the bytes any longer.
 *
 *     const head = parseRequestHead(buffer, from, to); // null: read more
 *     from += head.length;                             // head.body bytes or chunks follow
 *     head.method; head.target; head.header("range"); head.keepAlive;
 *
 * @param bytes Where it is
 * @param start Its first byte
 * @param end The end of what has come
 * @returns `null` as long as it is not whole
 * @throws {HttpError} 400, 414, 431, 501 or 505; after it the connection must be closed
 */
export function parseRequestHead(
  bytes: Uint8Array,
  start: number,
  end: number,
  limits: HeadLimits = HEAD_LIMITS,
): RequestHead | null {
  const { head = HEAD_LIMITS.head, target = HEAD_LIMITS.target, lines = HEAD_LIMITS.lines } =
    limits;
  const found = new HeadLines(bytes, start, Math.min(end, start + head));
  if (found.readRequestLine(target) && found.readHeaders(lines)) {
    return new RequestHead(latin1(bytes, start, found.at), found, found.methodStart - start);
  }
  if (end - start >= head) throw new HttpError(431, "The head is too long");
  return null;
}

/** The head of a request, RFC 9112: its first line and its headers. */
export class RequestHead {
  readonly method: string;
  /** As it was sent, `/a%20b?c` for example. */
  readonly target: string;
  /** Of the version: HTTP/1.0 or HTTP/1.1. */
  readonly minor: 0 | 1;
  /** How many bytes the head has. */
  readonly length: number;
  /** Whether the client wants to go on with the connection. */
  readonly keepAlive: boolean;
  /** What follows the head: so many bytes, or chunks. */
  readonly body: number | "chunked";
  readonly #text: string;
  readonly #spans: readonly number[];

  constructor(text: string, lines: HeadLines, start: number) {
    const methodEnd = start + lines.methodEnd - lines.methodStart;
    this.#text = text;
    this.#spans = lines.spans;
    this.method = text.slice(start, methodEnd);
    this.target = text.slice(methodEnd + 1, start + lines.targetEnd - lines.methodStart);
    this.minor = lines.minor;
    this.length = text.length;
    this.#requireHost();
    this.keepAlive = this.#keepsAlive();
    this.body = this.#bodyLength();
  }

  /**
   * The value of a header, by its name in lower case; those of several lines joined by ", ", and
   * `null` if there is none.
   */
  header(name: string): string | null {
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
    for (let i = 0; i < host.length; i++) {
      if (!isOf(host.charCodeAt(i), HOST)) throw new HttpError(400, "There is no such Host");
    }
  }

  #keepsAlive(): boolean {
    const connection = this.header("connection");
    if (connection === null) return this.minor === 1;
    return this.minor === 1 ? !closes.test(connection) : goesOn.test(connection);
  }

  /** Two ends of one body are how a second request is smuggled past whoever sees only one. */
  #bodyLength(): number | "chunked" {
    const length = this.#only("content-length");
    const coding = this.header("transfer-encoding");
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

function latin1(bytes: Uint8Array, start: number, end: number): string {
  const buffer = bytes instanceof Buffer
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return buffer.toString("latin1", start, end);
}

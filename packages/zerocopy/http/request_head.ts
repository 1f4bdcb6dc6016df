import { Buffer } from "node:buffer";
import { HttpError } from "./http_error.ts";

/** How much a client may send before it is told that this is too much. */
export interface HeadLimits {
  /** Bytes of a whole head; 16 KiB by default. Then the answer is 431. */
  readonly head?: number;
  /** Bytes of a request target; 8 KiB by default. Then the answer is 414. */
  readonly target?: number;
  /** How many header lines; 100 by default. Then the answer is 431. */
  readonly lines?: number;
}

// Which bytes may stand where, RFC 9110 section 5.6 and RFC 9112 section 3.
const TOKEN = 1;
const TARGET = 2;
const VALUE = 4;
const BLANK = 8;
const HOST = 16;
const DIGIT = 32;

const classes = new Uint8Array(256);
for (let byte = 0; byte < 256; byte++) {
  const character = String.fromCharCode(byte);
  if (/[!#$%&'*+.^_`|~0-9A-Za-z-]/.test(character)) classes[byte] |= TOKEN;
  // A fragment is for the client alone, and whether "\" is a "/" is read in two ways.
  if (byte > 0x20 && byte < 0x7f && !/[#\\"<>]/.test(character)) classes[byte] |= TARGET;
  if (byte === 9 || byte >= 0x20 && byte !== 0x7f) classes[byte] |= VALUE;
  if (byte === 9 || byte === 0x20) classes[byte] |= BLANK;
  if (/[A-Za-z0-9._~!$&'()*+,;=:%[\]-]/.test(character)) classes[byte] |= HOST;
  if (/[0-9]/.test(character)) classes[byte] |= DIGIT;
}

const CR = 13;
const LF = 10;
const SPACE = 32;
const COLON = 58;

/** The head of a request, RFC 9112: its first line and its headers. */
export class RequestHead {
  readonly method: string;
  /** As it was sent: for example `/a%20b?c`. */
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
  /** Where in the text each name and each value starts and ends. */
  readonly #spans: readonly number[];

  constructor(
    text: string,
    spans: readonly number[],
    method: number,
    target: number,
    minor: 0 | 1,
  ) {
    this.#text = text;
    this.#spans = spans;
    this.length = text.length;
    const start = text.charCodeAt(0) === CR ? 2 : 0;
    this.method = text.slice(start, method);
    this.target = text.slice(method + 1, target);
    this.minor = minor;
    this.#requireHost();
    this.keepAlive = this.#keepsAlive();
    this.body = this.#bodyLength();
  }

  /**
   * The value of a header, by its name in lower case; those of several lines joined by ", ", and
   * `null` if there is none.
   */
  header(name: string): string | null {
    let value: string | null = null;
    for (let i = 0; i < this.#spans.length; i += 4) {
      if (!this.#isNamed(i, name)) continue;
      const next = this.#text.slice(this.#spans[i + 2], this.#spans[i + 3]);
      value = value === null ? next : `${value}, ${next}`;
    }
    return value;
  }

  #isNamed(i: number, name: string): boolean {
    const start = this.#spans[i];
    if (this.#spans[i + 1] - start !== name.length) return false;
    for (let at = 0; at < name.length; at++) {
      let code = this.#text.charCodeAt(start + at);
      if (code >= 65 && code <= 90) code += 32;
      if (code !== name.charCodeAt(at)) return false;
    }
    return true;
  }

  /** How many lines have a name. */
  #count(name: string): number {
    let count = 0;
    for (let i = 0; i < this.#spans.length; i += 4) if (this.#isNamed(i, name)) count++;
    return count;
  }

  /** Two readers of one request must not see two hosts. */
  #requireHost(): void {
    const count = this.#count("host");
    if (count > 1) throw new HttpError(400, "More than one Host");
    if (count === 0) {
      if (this.minor === 1) throw new HttpError(400, "No Host");
      return;
    }
    const host = this.header("host")!;
    for (let at = 0; at < host.length; at++) {
      if ((classes[host.charCodeAt(at)] & HOST) === 0) throw new HttpError(400, "No such Host");
    }
  }

  #keepsAlive(): boolean {
    const connection = this.header("connection");
    if (connection === null) return this.minor === 1;
    const options = connection.toLowerCase().split(",").map((option) => option.trim());
    return this.minor === 1 ? !options.includes("close") : options.includes("keep-alive");
  }

  /** What could be read in two ways is refused: that is how a second request is smuggled. */
  #bodyLength(): number | "chunked" {
    const lengths = this.#count("content-length");
    const coding = this.header("transfer-encoding");
    if (coding !== null) {
      if (lengths > 0) throw new HttpError(400, "Both Content-Length and Transfer-Encoding");
      if (this.minor === 0) throw new HttpError(400, "Transfer-Encoding in HTTP/1.0");
      if (coding.toLowerCase() !== "chunked") throw new HttpError(501, "No such Transfer-Encoding");
      return "chunked";
    }
    if (lengths === 0) return 0;
    if (lengths > 1) throw new HttpError(400, "More than one Content-Length");
    const length = this.header("content-length")!;
    if (!/^[0-9]{1,15}$/.test(length)) throw new HttpError(400, "No such Content-Length");
    return Number(length);
  }
}

/**
 * Reads the head of a request, strictly: what two readers might understand in two ways is refused.
 *
 * Try again when there is more only if a line feed has come since: then trickling bytes cost
 * little. A `Buffer` is read fastest. What is returned does not need the bytes any longer.
 *
 *     const head = parseRequestHead(buffer, from, to); // null: read more
 *     from += head.length;                             // then head.body bytes or chunks follow
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
  { head = 16_384, target = 8192, lines = 100 }: HeadLimits = {},
): RequestHead | null {
  const limit = Math.min(end, start + head);
  const pending = () => {
    if (limit < end || end - start >= head) throw new HttpError(431, "Head too long");
    return null;
  };
  let at = start;
  // A client may end the body before with a line too many.
  if (at < limit && bytes[at] === CR) {
    if (at + 1 === limit) return pending();
    if (bytes[at + 1] !== LF) throw new HttpError(400, "No request line");
    at += 2;
  }
  const methodEnd = skip(bytes, at, limit, TOKEN);
  if (methodEnd === limit) return pending();
  if (methodEnd === at || bytes[methodEnd] !== SPACE) throw new HttpError(400, "No request line");
  const targetStart = methodEnd + 1;
  const targetEnd = skip(bytes, targetStart, limit, TARGET);
  if (targetEnd - targetStart > target) throw new HttpError(414, "Target too long");
  if (targetEnd === limit) return pending();
  if (targetEnd === targetStart || bytes[targetEnd] !== SPACE) {
    throw new HttpError(400, "No request line");
  }
  at = skip(bytes, targetEnd + 1, limit, VALUE);
  if (limit - at < 2) return pending();
  const minor = minorOf(bytes, targetEnd + 1, at);
  requireEndOfLine(bytes, at);
  at += 2;
  const spans: number[] = [];
  for (;;) {
    if (limit - at < 2) return pending();
    if (bytes[at] === CR) {
      requireEndOfLine(bytes, at);
      at += 2;
      break;
    }
    if (spans.length === 4 * lines) throw new HttpError(431, "Too many headers");
    const nameEnd = skip(bytes, at, limit, TOKEN);
    if (nameEnd === limit) return pending();
    if (nameEnd === at || bytes[nameEnd] !== COLON) throw new HttpError(400, "No header line");
    const valueStart = skip(bytes, nameEnd + 1, limit, BLANK);
    const lineEnd = skip(bytes, valueStart, limit, VALUE);
    if (limit - lineEnd < 2) return pending();
    requireEndOfLine(bytes, lineEnd);
    let valueEnd = lineEnd;
    while (valueEnd > valueStart && (classes[bytes[valueEnd - 1]] & BLANK) !== 0) valueEnd--;
    spans.push(at - start, nameEnd - start, valueStart - start, valueEnd - start);
    at = lineEnd + 2;
  }
  const text = latin1(bytes, start, at);
  return new RequestHead(text, spans, methodEnd - start, targetEnd - start, minor);
}

/** The first byte from a place on that is not of a class. */
function skip(bytes: Uint8Array, at: number, end: number, kind: number): number {
  while (at < end && (classes[bytes[at]] & kind) !== 0) at++;
  return at;
}

function requireEndOfLine(bytes: Uint8Array, at: number): void {
  if (bytes[at] !== CR || bytes[at + 1] !== LF) throw new HttpError(400, "No end of line");
}

function minorOf(bytes: Uint8Array, start: number, end: number): 0 | 1 {
  const version = latin1(bytes, start, end);
  if (version === "HTTP/1.1") return 1;
  if (version === "HTTP/1.0") return 0;
  if (/^HTTP\/[0-9]\.[0-9]$/.test(version)) throw new HttpError(505, "No such version");
  throw new HttpError(400, "No version");
}

function latin1(bytes: Uint8Array, start: number, end: number): string {
  const buffer = bytes instanceof Buffer
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return buffer.toString("latin1", start, end);
}

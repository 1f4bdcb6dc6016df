import { Buffer } from "node:buffer";
import { HeadLines } from "./head_lines.ts";
import { HeaderFields } from "./header_fields.ts";
import { HttpError } from "./http_error.ts";
import { Recent } from "./recent.ts";

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
 * What clients say again and again: for what they ask, and all that they say about themselves each
 * time. It need not be read again.
 */
const targets = new Recent<string>(256, 128);
const fields = new Recent<HeaderFields>(64, 1024);

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
  const stop = Math.min(end, start + head);
  const found = new HeadLines(bytes, start, stop);
  if (found.readRequestLine(target)) {
    // Mostly it ends with what has come; where it does not, it is read.
    let known: HeaderFields | null | undefined = fields.get(bytes, found.at, stop);
    let length = stop - start;
    if (known === undefined || known.minor !== found.minor || known.lines > lines) {
      const from = found.at;
      known = readFields(found, bytes, lines);
      length = found.at - start;
      if (known !== null) fields.set(bytes, from, found.at, known);
    }
    if (known !== null) return new RequestHead(bytes, found, length, known);
  }
  if (end - start >= head) throw new HttpError(431, "The head is too long");
  return null;
}

/** The headers, if they are whole. */
function readFields(found: HeadLines, bytes: Uint8Array, lines: number): HeaderFields | null {
  const start = found.at;
  if (!found.readHeaders(lines)) return null;
  return new HeaderFields(latin1(bytes, start, found.at), found.spans, found.minor);
}

/** The head of a request, RFC 9112: its first line and its headers. */
export class RequestHead {
  readonly method: string;
  /** As it was sent, `/a%20b?c` for example. */
  readonly target: string;
  /** Of the version: HTTP/1.0, or HTTP/1.1 and what may come after it. */
  readonly minor: 0 | 1;
  /** How many bytes the head has. */
  readonly length: number;
  readonly #fields: HeaderFields;

  constructor(bytes: Uint8Array, lines: HeadLines, length: number, fields: HeaderFields) {
    const { methodStart, methodEnd, targetEnd } = lines;
    this.method = methodOf(bytes, methodStart, methodEnd);
    this.target = targetOf(bytes, methodEnd + 1, targetEnd);
    this.minor = lines.minor;
    this.length = length;
    this.#fields = fields;
  }

  /** Whether the client wants to go on with the connection. */
  get keepAlive(): boolean {
    return this.#fields.keepAlive;
  }

  /** What follows the head: so many bytes, or chunks. */
  get body(): number | "chunked" {
    return this.#fields.body;
  }

  /**
   * The value of a header, by its name in lower case; those of several lines joined by ", ", and
   * `null` if there is none.
   */
  header(name: string): string | null {
    return this.#fields.get(name);
  }
}

function methodOf(bytes: Uint8Array, start: number, end: number): string {
  const isGet = end - start === 3 && bytes[start] === 0x47 && bytes[start + 1] === 0x45 &&
    bytes[start + 2] === 0x54;
  return isGet ? "GET" : latin1(bytes, start, end);
}

function targetOf(bytes: Uint8Array, start: number, end: number): string {
  const known = targets.get(bytes, start, end);
  if (known !== undefined) return known;
  const target = latin1(bytes, start, end);
  targets.set(bytes, start, end, target);
  return target;
}

function latin1(bytes: Uint8Array, start: number, end: number): string {
  const buffer = bytes instanceof Buffer
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return buffer.toString("latin1", start, end);
}

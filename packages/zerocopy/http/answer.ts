import { isStillThat, weigh } from "./conditions.ts";
import type { Header } from "./http_error.ts";
import { toHttpDate } from "./http_date.ts";
import { multipart } from "./multipart.ts";
import { isPlain, type Question } from "./question.ts";
import { type ByteRange, parseRanges } from "./ranges.ts";
import type { Representation } from "./representation.ts";

export type { Question } from "./question.ts";

/** A part of an answer: bytes as they are, or so many of the file. */
export type Part = Uint8Array | ByteRange;

/** What to answer. */
export interface Answer {
  readonly status: number;
  /** All but `Date`, `Connection`, `Server` and what else the server itself has to say. */
  readonly headers: readonly Header[];
  /** What follows the headers; nothing in an answer to HEAD. */
  readonly parts: readonly Part[];
  /** How many bytes the parts have together. */
  readonly length: number;
}

/** The answers to plain requests. */
const plain = new WeakMap<Representation, Answer>();

/** Those of them that go with the same bytes each time, since a change of their file is seen. */
const lasting = new WeakSet<Answer>();

/** Whether this very object will be the answer again, to the very same bytes. */
export function isLasting(answer: Answer): boolean {
  return lasting.has(answer);
}

/**
 * What to answer to a request for a file: all of it, parts, or that it has not changed. Conditions
 * and ranges count in GET and HEAD only; a HEAD has no ranges.
 *
 * To a plain GET of the same representation the answer is the very same object each time: whoever
 * encodes answers may keep what came of it.
 */
export function answerTo(question: Question, of: Representation): Answer {
  if (!isPlain(question)) return particularAnswer(question, of);
  let answer = plain.get(of);
  if (answer === undefined) {
    plain.set(of, answer = whole(of));
    if (of.isSettled && of.isUntouched) lasting.add(answer);
  }
  return answer;
}

function particularAnswer(question: Question, of: Representation): Answer {
  const isHead = question.method === "HEAD";
  if (!isHead && question.method !== "GET") return whole(of);
  const verdict = weigh(question, of);
  if (verdict === 304) return { status: 304, headers: validators(of), parts: [], length: 0 };
  if (verdict === 412) return empty(412, validators(of));
  if (isHead) return { ...whole(of), parts: [], length: 0 };
  const range = question.header("range") ?? null;
  const ranges = range !== null && isStillThat(question.header("if-range"), of)
    ? parseRanges(range, of.size)
    : null;
  return ranges === null ? whole(of) : some(ranges, of);
}

function whole(of: Representation): Answer {
  const parts = of.size === 0 ? [] : [{ offset: 0, length: of.size }];
  const headers = [...contents(of.type, of.size, of), ...validators(of)];
  return { status: 200, headers, parts, length: of.size };
}

function some(ranges: readonly ByteRange[], of: Representation): Answer {
  if (ranges.length === 0) return empty(416, [["Content-Range", `bytes */${of.size}`]]);
  if (ranges.length > 1) {
    const { type, parts, length } = multipart(ranges, of);
    const headers = [...contents(type, length, of), ...validators(of)];
    return { status: 206, headers, parts, length };
  }
  const [{ offset, length }] = ranges;
  const headers: Header[] = [
    ...contents(of.type, length, of),
    ["Content-Range", `bytes ${offset}-${offset + length - 1}/${of.size}`],
    ...validators(of),
  ];
  return { status: 206, headers, parts: ranges, length };
}

function empty(status: number, headers: readonly Header[]): Answer {
  return { status, headers: [["Content-Length", "0"], ...headers], parts: [], length: 0 };
}

/** What the body is. */
function contents(type: string, length: number, { encoding }: Representation): Header[] {
  const headers: Header[] = [["Content-Type", type], ["Content-Length", String(length)]];
  if (encoding !== undefined) headers.push(["Content-Encoding", encoding]);
  return headers;
}

/** What a cache needs to know. */
function validators({ etag, modified, cacheControl, varies }: Representation): Header[] {
  const headers: Header[] = [
    ["ETag", etag],
    ["Last-Modified", toHttpDate(modified)],
    ["Accept-Ranges", "bytes"],
  ];
  if (cacheControl !== undefined) headers.push(["Cache-Control", cacheControl]);
  if (varies) headers.push(["Vary", "Accept-Encoding"]);
  return headers;
}

import type { Header } from "./http_error.ts";
import type { Representation } from "./representation.ts";
import { toHttpDate } from "./http_date.ts";

/** What of a request its answer depends on: a `RequestHead` is one. */
export interface Question {
  readonly method: string;
  /** The value of a header, by its name in lower case; `null` or `undefined` if there is none. */
  header(name: string): string | null | undefined;
}

/** A part of an answer: bytes as they are, or so many of the file. */
export type Part = Uint8Array | { readonly offset: number; readonly length: number };

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

/**
 * What to answer to a request for a file: all of it, parts, or that it has not changed.
 *
 *     const answer = answerTo(head, found.representation);
 *
 * To a plain request for the same representation it is the very same object each time, so whoever
 * encodes it may keep that, by `head`.
 */
export function answerTo(_question: Question, of: Representation): Answer {
  const headers: Header[] = [
    ["Content-Type", of.type],
    ["Content-Length", String(of.size)],
    ["ETag", of.etag],
    ["Last-Modified", toHttpDate(of.modified)],
    ["Accept-Ranges", "bytes"],
  ];
  return { status: 200, headers, parts: [{ offset: 0, length: of.size }], length: of.size };
}

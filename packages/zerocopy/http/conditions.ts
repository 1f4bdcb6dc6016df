import { holdsTag } from "./entity_tag.ts";
import { parseHttpDate } from "./http_date.ts";
import type { Question } from "./question.ts";
import type { Representation } from "./representation.ts";

/** What the conditions of a request come to: go on, not modified, or precondition failed. */
export type Verdict = 200 | 304 | 412;

/** Weighs the conditions of a request in the order of RFC 9110, section 13.2.2. */
export function weigh(question: Question, of: Representation): Verdict {
  const ifMatch = question.header("if-match") ?? null;
  const ifUnmodified = question.header("if-unmodified-since") ?? null;
  if (ifMatch !== null) {
    if (!holdsTag(ifMatch, of.etag, "strong")) return 412;
  } else if (ifUnmodified !== null && isAfter(of.modified, ifUnmodified)) {
    return 412;
  }
  const ifNoneMatch = question.header("if-none-match") ?? null;
  const ifModified = question.header("if-modified-since") ?? null;
  if (ifNoneMatch !== null) return holdsTag(ifNoneMatch, of.etag, "weak") ? 304 : 200;
  return ifModified !== null && isNotAfter(of.modified, ifModified) ? 304 : 200;
}

/** Whether the parts asked for are still parts of what the client has, by `If-Range`. */
export function isStillThat(ifRange: string | null | undefined, of: Representation): boolean {
  if (ifRange === null || ifRange === undefined) return true;
  if (ifRange.startsWith('"')) return ifRange === of.etag; // one tag, and no list of them
  // Within its second a file may have been two, and a date tells them not apart.
  return of.isSettled && parseHttpDate(ifRange) === of.modified;
}

/** What is no date says nothing. */
function isAfter(modified: number, date: string): boolean {
  const seconds = parseHttpDate(date);
  return seconds !== null && modified > seconds;
}

function isNotAfter(modified: number, date: string): boolean {
  const seconds = parseHttpDate(date);
  return seconds !== null && modified <= seconds;
}

/** What of a request its answer depends on: a `RequestHead` is one. */
export interface Question {
  readonly method: string;
  /** The value of a header, by its name in lower case; `null` or `undefined` if there is none. */
  header(name: string): string | null | undefined;
}

/** What makes an answer to GET another than the whole file. */
const particular = [
  "range",
  "if-match",
  "if-none-match",
  "if-modified-since",
  "if-unmodified-since",
];

/** Whether it is a GET without conditions, for all of the file. */
export function isPlain(question: Question): boolean {
  if (question.method !== "GET") return false;
  for (const name of particular) if (question.header(name) != null) return false;
  return true;
}

import type { Answer } from "./answer.ts";
import type { HttpError } from "./http_error.ts";
import type { Question } from "./question.ts";

/** The answer to a request that cannot be answered as it wishes: a line of text that says why. */
export function refusal({ status, message, headers }: HttpError, { method }: Question): Answer {
  const text = new TextEncoder().encode(`${message}\n`);
  return {
    status,
    headers: [
      ...headers,
      ["Content-Type", "text/plain; charset=utf-8"],
      ["Content-Length", String(text.length)],
    ],
    parts: method === "HEAD" ? [] : [text],
    length: method === "HEAD" ? 0 : text.length,
  };
}

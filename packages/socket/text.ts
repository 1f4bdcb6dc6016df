import { requireBytes, show } from "@posixly/sys";

const encoder = new TextEncoder();
/** A byte order mark is a part of a name like any other. */
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The bytes of a name, which may hold a NUL. */
export function bytesOf(text: string | Uint8Array, name: string): Uint8Array {
  if (typeof text === "string") {
    if (text.isWellFormed()) return encoder.encode(text);
    throw new TypeError(`${name} must be well-formed Unicode, but is ${JSON.stringify(text)}`);
  }
  if (text instanceof Uint8Array) return requireBytes(text, name);
  throw new TypeError(`${name} must be a string or a Uint8Array, not ${show(text)}`);
}

/** The text that the bytes are in UTF-8, or else a copy of the bytes: either way, nothing is lost. */
export function textOf(bytes: Uint8Array): string | Uint8Array {
  const copy = new Uint8Array(bytes);
  try {
    return decoder.decode(copy);
  } catch {
    return copy;
  }
}

import { addressOf } from "@posixly/sys";

/**
 * A `char *[]` that ends in NULL, of C strings. Their text is copied behind the pointers, into
 * the same memory, so that whoever has the one keeps the other.
 */
export function cstrings(texts: readonly Uint8Array[]): BigUint64Array {
  const start = 8 * (texts.length + 1);
  const memory = new ArrayBuffer(texts.reduce((end, { length }) => end + length, start));
  const pointers = new BigUint64Array(memory, 0, texts.length + 1);
  const base = BigInt(addressOf(pointers));
  let at = start;
  for (const [i, text] of texts.entries()) {
    pointers[i] = base + BigInt(at);
    new Uint8Array(memory, at).set(text);
    at += text.length;
  }
  return pointers;
}

// Which bytes may stand where in a request, RFC 9110 section 5.6 and RFC 9112 section 3.

/** In a method or the name of a header. */
export const TOKEN = 1;
/** In a request target. A fragment is for the client alone, and "\" is "/" to some. */
export const TARGET = 2;
/** In the value of a header. */
export const VALUE = 4;
/** Around the value of a header. */
export const BLANK = 8;
export const DIGIT = 16;

const members: readonly [kind: number, RegExp][] = [
  [TOKEN, /[!#$%&'*+.^_`|~0-9A-Za-z-]/],
  [TARGET, /[!$-;=?-[\]^-~]/],
  [VALUE, /[\t\x20-\x7e\x80-\xff]/],
  [BLANK, /[\t ]/],
  [DIGIT, /[0-9]/],
];

const kinds = Uint8Array.from({ length: 256 }, (_, byte) => {
  const of = members.filter(([, member]) => member.test(String.fromCharCode(byte)));
  return of.reduce((bits, [kind]) => bits | kind, 0);
});

/** Whether a byte may stand there. */
export function isOf(byte: number, kind: number): boolean {
  return (kinds[byte] & kind) !== 0;
}

/** Where the first byte from a place on is that may not stand there. */
export function skip(bytes: Uint8Array, at: number, end: number, kind: number): number {
  while (at < end && (kinds[bytes[at]] & kind) !== 0) at++;
  return at;
}

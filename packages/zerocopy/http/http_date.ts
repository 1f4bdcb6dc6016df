/** A time as HTTP writes it: `Sun, 06 Nov 1994 08:49:37 GMT`. */
export function toHttpDate(seconds: number): string {
  return new Date(seconds * 1000).toUTCString();
}

/** Reads one of the three forms of a date, RFC 9110 section 5.6.7, in seconds; `null` if it is none. */
export function parseHttpDate(text: string): number | null {
  const time = Date.parse(text);
  return Number.isNaN(time) ? null : Math.floor(time / 1000);
}

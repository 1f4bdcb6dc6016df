// `struct epoll_event` in words of 32 bits: its events are the first, its token is two others.
import { epollEvent } from "./libc.ts";

/** How many there are: 3 on x64, 4 on arm64. */
export const WORDS: number = epollEvent.size / 4;
/** Where in an event the halves of its token are. */
export const LOW: number = epollEvent.offsets.data / 4;
export const HIGH: number = LOW + 1;

/** Writes a token into the event at `at`. */
export function writeToken(words: Int32Array, at: number, token: number | bigint): void {
  if (typeof token === "number") {
    words[at + LOW] = token; // modulo 2 ** 32, as is the language's way
    words[at + HIGH] = token / 2 ** 32;
  } else {
    words[at + LOW] = Number(token & 0xffff_ffffn);
    words[at + HIGH] = Number(token >> 32n);
  }
}

/** The token of the event at `at`: a number if it is exact, otherwise a bigint. */
export function readToken(words: Int32Array, at: number): number | bigint {
  const low = words[at + LOW] >>> 0;
  const high = words[at + HIGH] >>> 0;
  return high < 2 ** 21 ? high * 2 ** 32 + low : (BigInt(high) << 32n) + BigInt(low);
}

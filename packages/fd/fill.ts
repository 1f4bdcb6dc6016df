import type { Bytes } from "@posixly/sys";
import type { AsFd } from "./as_fd.ts";
import { read } from "./read.ts";

/** Reads until a buffer is full, the file ends, or it would block. */
export function fill(fd: AsFd, into: Bytes): { filled: number; blocked: boolean } {
  let filled = 0;
  do {
    const n = read(fd, tail(into, filled));
    if (n === null) return { filled, blocked: true };
    if (n === 0) break;
    filled += n;
  } while (filled < into.byteLength);
  return { filled, blocked: false };
}

/** A buffer from some byte on. */
export function tail(bytes: Bytes, from: number): Bytes {
  if (from === 0) return bytes;
  return new Uint8Array(bytes.buffer, bytes.byteOffset + from, bytes.byteLength - from);
}

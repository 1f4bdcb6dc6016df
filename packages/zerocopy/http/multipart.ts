import { Buffer } from "node:buffer";
import { randomUUID } from "node:crypto";
import type { ByteRange } from "./ranges.ts";
import type { Representation } from "./representation.ts";

/** Several parts of a file as one body. */
export interface Multipart {
  readonly type: string;
  readonly parts: readonly (Uint8Array | ByteRange)[];
  readonly length: number;
}

/** Parts of a file one after the other, each with its place above it: `multipart/byteranges`. */
export function multipart(ranges: readonly ByteRange[], of: Representation): Multipart {
  const boundary = randomUUID(); // nobody can have put it into the file before
  const parts: (Uint8Array | ByteRange)[] = [];
  let before = "";
  for (const { offset, length } of ranges) {
    const place = `bytes ${offset}-${offset + length - 1}/${of.size}`;
    const head = `--${boundary}\r\nContent-Type: ${of.type}\r\nContent-Range: ${place}\r\n\r\n`;
    parts.push(Buffer.from(before + head, "latin1"), { offset, length });
    before = "\r\n";
  }
  parts.push(Buffer.from(`\r\n--${boundary}--\r\n`, "latin1"));
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return { type: `multipart/byteranges; boundary=${boundary}`, parts, length };
}

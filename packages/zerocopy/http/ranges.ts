/** A part of a file, in bytes. */
export interface ByteRange {
  readonly offset: number;
  readonly length: number;
}

/** More than these are not what a reader needs; they would cost more than all of the file. */
const MOST = 64;

/**
 * The parts of a file that a `Range` header asks for, RFC 9110 section 14.
 *
 * @returns The parts, in the order asked for; empty if the file has none of them; `null` if all of
 * the file is to be sent: the header is no such list, or asks for more than there is all in all, or
 * for too many parts
 */
export function parseRanges(header: string, size: number): ByteRange[] | null {
  const equals = header.indexOf("=");
  if (header.slice(0, equals).toLowerCase() !== "bytes") return null;
  const ranges: ByteRange[] = [];
  let count = 0;
  let sum = 0;
  for (const item of header.slice(equals + 1).split(",")) {
    if (/^[\t ]*$/.test(item)) continue; // an empty item of a list is none
    const range = rangeOf(item, size);
    if (range === null || ++count > MOST) return null;
    if (range === "unsatisfiable") continue;
    sum += range.length;
    ranges.push(range);
  }
  return count === 0 || sum > size ? null : ranges;
}

function rangeOf(item: string, size: number): ByteRange | "unsatisfiable" | null {
  const found = /^[\t ]*(\d*)-(\d*)[\t ]*$/.exec(item);
  if (!found || found[1] + found[2] === "") return null;
  const [first, last] = [Number(found[1]), found[2] === "" ? Infinity : Number(found[2])];
  if (found[1] === "") return lastBytes(last, size);
  if (last < first) return null;
  if (first >= size) return "unsatisfiable";
  return { offset: first, length: Math.min(last, size - 1) - first + 1 };
}

/** An empty file cannot tell where its last bytes are, though it has them: all of it is sent. */
function lastBytes(count: number, size: number): ByteRange | "unsatisfiable" | null {
  if (count === 0) return "unsatisfiable";
  if (size === 0) return null;
  const length = Math.min(count, size);
  return { offset: size - length, length };
}

import { type AsFd, position, seek, seekData, seekHole } from "@posixly/fd";

/** A part of a file that is no hole. */
interface DataRange {
  readonly start: bigint;
  readonly end: bigint;
}

/** What a file that says it is empty may have. */
const UNKNOWN = 2n ** 63n - 1n;

/**
 * The parts of a file that are no holes, lseek(2) with `SEEK_DATA`; all of it if the file system does
 * not tell, and everything up to its end if it does not even tell how long it is. What comes after
 * the last one is a hole, unless the file has become shorter: that is the caller's to ask.
 */
export function* dataRanges(file: AsFd, size: bigint): Generator<DataRange, void, void> {
  if (size === 0n) return yield { start: 0n, end: UNKNOWN };
  for (let at = 0n; at < size;) {
    const range = nextRange(file, at, size);
    if (range === null) return;
    yield range;
    at = range.end;
  }
}

/** The next one from a place on; `null` if there are only holes, or the file now ends before it. */
function nextRange(file: AsFd, from: bigint, size: bigint): DataRange | null {
  const before = position(file);
  try {
    const start = seekData(file, from);
    if (start === null || start >= size) return null;
    const end = BigInt(seekHole(file, start) ?? size);
    return { start: BigInt(start), end: end < size ? end : size };
  } catch (error) {
    if ((error as { code?: string }).code !== "EINVAL") throw error;
    return { start: from, end: size };
  } finally {
    seek(file, before);
  }
}

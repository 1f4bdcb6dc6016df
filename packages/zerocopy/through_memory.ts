import { type AsFd, pread, read, write } from "@posixly/fd";
import { type WaitOptions, whenReadable, whenWritable } from "@posixly/mux";

/** How much is moved at once. */
export const MEMORY = 65_536;

/**
 * What was read and is about to be written. One buffer serves all: what is not taken at once is
 * copied, so that thousands who wait need no memory.
 */
const buffer = new Uint8Array(MEMORY);

/**
 * Waits for bytes and moves them by way of this program.
 *
 * @param taken Told of each part that has been written
 * @param offset Where to read; by default at the position
 * @returns How many there were; 0 is the end
 */
export async function moveThroughMemory(
  from: AsFd,
  to: AsFd,
  length: number,
  taken: (bytes: number) => void,
  wait: WaitOptions | undefined,
  offset?: number | bigint,
): Promise<number> {
  const part = length < MEMORY ? buffer.subarray(0, length) : buffer;
  let rest: Uint8Array | undefined;
  const attempt = () => {
    const n = offset === undefined ? read(from, part) : pread(from, part, offset);
    if (n === null || n === 0) return n;
    const written = write(to, buffer.subarray(0, n)) ?? 0;
    if (written > 0) taken(written);
    if (written < n) rest = buffer.slice(written, n);
    return n;
  };
  const n = await whenReadable(from, attempt, wait);
  while (rest !== undefined) {
    const bytes: Uint8Array = rest;
    const written = await whenWritable(to, () => write(to, bytes), wait);
    taken(written);
    rest = written < bytes.length ? bytes.subarray(written) : undefined;
  }
  return n;
}

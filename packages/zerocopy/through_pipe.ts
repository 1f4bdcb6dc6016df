import type { AsFd } from "@posixly/fd";
import { type WaitOptions, whenReadable, whenWritable } from "@posixly/mux";
import type { Pipe } from "@posixly/pipe";
import { givePipe, takePipe } from "./pipe_pool.ts";
import { splice } from "./splice.ts";
import { moveThroughMemory } from "./through_memory.ts";

/** Why splice(2) does not take a pair of descriptors which may well be read and written. */
const refusals = ["EINVAL", "ENOSYS"];

/** What has been taken from the source, and has not reached the sink. */
interface Owed {
  readonly pipe: Pipe;
  bytes: number;
  /** Whether the sink cannot be spliced to. */
  isRefused: boolean;
}

/**
 * Waits for bytes and moves them through a pipe in between, by reference where the kernel can.
 *
 * A pipe is held only for as long as something is in it. Only an empty one is filled, since that
 * tells what "would block" means: that the source has nothing.
 *
 * @param taken Told of each part that has reached the sink
 * @returns How many there were; 0 is the end; -1 if these two cannot be spliced, and then nothing is
 * left in between
 */
export async function moveThroughPipe(
  from: AsFd,
  to: AsFd,
  length: number,
  taken: (bytes: number) => void,
  wait: WaitOptions | undefined,
): Promise<number> {
  let owed: Owed | undefined;
  const attempt = () => {
    const filled = fill(from, length);
    if (typeof filled === "number" || filled === null) return filled;
    const { bytes } = filled;
    drain(filled, to, taken);
    if (filled.bytes > 0) owed = filled;
    return bytes;
  };
  const n = await whenReadable(from, attempt, wait);
  return owed === undefined ? n : await payOff(owed, n, to, taken, wait);
}

/** Fills an empty pipe; otherwise the result is that of {@linkcode moveThroughPipe}, or would block. */
function fill(from: AsFd, length: number): Owed | number | null {
  const pipe = takePipe();
  try {
    const n = splice(from, pipe.writer, length);
    if (n !== null && n > 0) return { pipe, bytes: n, isRefused: false };
    givePipe(pipe);
    return n;
  } catch (error) {
    givePipe(pipe); // still empty
    if (isRefusal(error)) return -1;
    throw error;
  }
}

/** Empties a pipe as far as there is room; an empty one goes back. */
function drain(owed: Owed, to: AsFd, taken: (bytes: number) => void): number | null {
  try {
    const n = splice(owed.pipe.reader, to, owed.bytes);
    if (n === null) return null;
    owed.bytes -= n;
    if (owed.bytes === 0) givePipe(owed.pipe);
    taken(n);
    return n;
  } catch (error) {
    owed.isRefused = isRefusal(error);
    if (owed.isRefused) return 0;
    if (owed.bytes > 0) owed.pipe[Symbol.dispose]();
    throw error;
  }
}

/** Waits until all is in the sink that is in the pipe. */
async function payOff(
  owed: Owed,
  n: number,
  to: AsFd,
  taken: (bytes: number) => void,
  wait: WaitOptions | undefined,
): Promise<number> {
  const { pipe } = owed;
  try {
    while (owed.bytes > 0 && !owed.isRefused) {
      await whenWritable(to, () => drain(owed, to, taken), wait);
    }
    if (!owed.isRefused) return n;
    while (owed.bytes > 0) {
      owed.bytes -= await moveThroughMemory(pipe.reader, to, owed.bytes, taken, wait);
    }
    givePipe(pipe);
    return -1;
  } catch (error) {
    if (owed.bytes > 0) pipe[Symbol.dispose]();
    throw error;
  }
}

function isRefusal(error: unknown): boolean {
  return refusals.includes((error as { code?: string }).code ?? "");
}

import { setTimeout } from "node:timers";
import { type Pipe, pipe, setCapacity } from "@posixly/pipe";

/** How many bytes a pipe shall hold: as many as anybody may have. */
const CAPACITY = 2 ** 20;

/** How many empty pipes are kept for the next who needs one, and for how many milliseconds. */
const MOST = 16;
const IDLE = 100;

const idle: Pipe[] = [];
let isClosing = false;

/** An empty pipe. */
export function takePipe(): Pipe {
  return idle.pop() ?? widePipe();
}

/** Gives a pipe back. One that is not empty must be closed instead: its bytes would reach a stranger. */
export function givePipe(pipe: Pipe): void {
  if (idle.length === MOST) return pipe[Symbol.dispose]();
  idle.push(pipe);
  if (isClosing) return;
  isClosing = true;
  setTimeout(closeIdle, IDLE).unref();
}

function closeIdle(): void {
  isClosing = false;
  while (idle.length > 0) idle.pop()![Symbol.dispose]();
}

function widePipe(): Pipe {
  const ends = pipe();
  try {
    setCapacity(ends.writer, CAPACITY);
  } catch {
    // This user has as much in pipes as may be; so it holds less.
  }
  return ends;
}

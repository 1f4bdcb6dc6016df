/**
 * Anonymous pipes.
 *
 * @module
 */
export { capacity, setCapacity } from "./capacity.ts";
export { PIPE_BUF } from "./libc.ts";
export { pipe, type Pipe, type PipeOptions } from "./pipe.ts";
export { queued } from "./queued.ts";
export { type ChunkOptions, PipeReader, type ReadAllOptions } from "./reader.ts";
export type { WaitOptions } from "./wait.ts";
export { PipeWriter } from "./writer.ts";

/**
 * Anonymous pipes, FIFOs, and children with real pipes.
 *
 * @module
 */
export { capacity, setCapacity } from "./capacity.ts";
export { Child, type ChildEnds } from "./child.ts";
export { type CommunicateOptions, type Communicated } from "./communicate.ts";
export { environment } from "./environment.ts";
export { type FifoOptions, type FifoReaderOptions, makeFifo, openFifoReader } from "./fifo.ts";
export { type FifoWriterOptions, openFifoWriter } from "./fifo_writer.ts";
export { PIPE_BUF } from "./libc.ts";
export { pipe, type Pipe, type PipeOptions } from "./pipe.ts";
export { queued } from "./queued.ts";
export { type ChunkOptions, PipeReader, type ReadAllOptions } from "./reader.ts";
export { type ExitStatus } from "./running.ts";
export { spawn } from "./spawn.ts";
export { type SpawnOptions, type Stdio } from "./spawn_options.ts";
export { type WaitOptions } from "./wait.ts";
export { PipeWriter } from "./writer.ts";

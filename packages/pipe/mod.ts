/**
 * Pipes of the kernel: anonymous ones, named ones (FIFOs), and children that get real ones.
 *
 * Functions call the kernel and return at once. Methods wait for what is not there yet, without
 * holding up anything else: each takes an `AbortSignal` or a timeout, and ends with an error when
 * the descriptor is closed meanwhile.
 *
 * @example A child that writes, a parent that reads
 * ```ts
 * import { pipe, spawn } from "@posixly/pipe";
 * import assert from "node:assert/strict";
 *
 * const { reader, writer } = pipe();
 * spawn("sh", ["-c", "echo Hello from child >&3"], { descriptors: { 3: writer } });
 * writer.close(); // ours; the child has one of its own
 *
 * assert.equal(new TextDecoder().decode(await reader.readAll()), "Hello from child\n");
 * reader.close();
 * ```
 *
 * @module
 */
export { capacity, setCapacity } from "./capacity.ts";
export { Child } from "./child.ts";
export { type ChildEnds } from "./child_ends.ts";
export { type Communicated, type CommunicateOptions } from "./communicate.ts";
export { environment } from "./environment.ts";
export { type FifoOptions, type FifoReaderOptions, makeFifo, openFifoReader } from "./fifo.ts";
export { type FifoWriterOptions, openFifoWriter } from "./fifo_writer.ts";
export { PIPE_BUF } from "./libc.ts";
export { type Pipe, pipe, type PipeOptions } from "./pipe.ts";
export { queued } from "./queued.ts";
export { PipeReader } from "./reader.ts";
export { type ExitStatus } from "./running.ts";
export { spawn } from "./spawn.ts";
export { type SpawnOptions, type Stdio } from "./spawn_options.ts";
export { PipeWriter } from "./writer.ts";
export { type ChunkOptions, type ReadAllOptions, type WaitOptions } from "@posixly/mux";

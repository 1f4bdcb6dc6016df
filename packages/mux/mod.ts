/**
 * Readiness: to learn which descriptors can be read or written without waiting.
 *
 * @module
 */
export { whenReadable, whenWritable } from "./attempt.ts";
export { Epoll, epoll, type EpollInterest } from "./epoll.ts";
export { type EpollEvent, EpollEvents } from "./epoll_events.ts";
export { type Interest, type Readiness } from "./events.ts";
export { poll, type PollEntry, type PollResult } from "./poll.ts";
export { select, type Selected, type SelectSets } from "./select.ts";
export { type WaitOptions } from "./wait_options.ts";
export { readiness, ready } from "./readiness.ts";
export { busyPoll, run, type RunOptions, stop } from "./run.ts";
export { readable, writable } from "./wait.ts";
export { watch, Watcher } from "./watch.ts";
export { type ByteSink, writableTo, WriteQueue } from "./sink.ts";
export {
  type ByteSource,
  type ChunkOptions,
  chunksFrom,
  readableFrom,
  readAllFrom,
  type ReadAllOptions,
} from "./source.ts";
export { readableStream, writableStream } from "./streams.ts";
export { wake, Waker } from "./waker.ts";

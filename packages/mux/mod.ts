/**
 * Readiness: to learn which descriptors can be read or written without waiting.
 *
 * @module
 */
export { whenReadable, whenWritable } from "./attempt.ts";
export { type BlockOptions } from "./block_options.ts";
export { Epoll, epoll, type EpollInterest } from "./epoll.ts";
export { type EpollEvent, EpollEvents } from "./epoll_events.ts";
export { type Interest, type Readiness } from "./events.ts";
export { leftOf, onGivenUp, signalOf, unlessAborted, unlessGivenUp } from "./giving_up.ts";
export { looks } from "./looks.ts";
export { onAbort } from "./on_abort.ts";
export { poll, type PollEntry, type PollResult } from "./poll.ts";
export { readiness, ready } from "./readiness.ts";
export { busyPoll, run, type RunOptions, stop } from "./run.ts";
export { select, type Selected, type SelectSets } from "./select.ts";
export { type ByteSink, writableTo } from "./sink.ts";
export {
  type ByteSource,
  type ChunkOptions,
  chunksFrom,
  readableFrom,
  readAllFrom,
  type ReadAllOptions,
} from "./source.ts";
export { readableStream, writableStream } from "./streams.ts";
export { TaskQueue } from "./task_queue.ts";
export { readable, type WaitOptions, writable } from "./wait.ts";
export { wake, Waker } from "./waker.ts";
export { watch, Watcher } from "./watch.ts";
export { WriteQueue } from "./write_queue.ts";

/**
 * Readiness: to learn which descriptors can be read or written without waiting.
 *
 * @module
 */
export { Epoll, epoll, type EpollInterest } from "./epoll.ts";
export { type EpollEvent, EpollEvents } from "./epoll_events.ts";
export { type Interest, type Readiness } from "./events.ts";
export { poll, type PollEntry, type PollResult } from "./poll.ts";
export { select, type Selected, type SelectSets } from "./select.ts";
export { type WaitOptions } from "./wait_options.ts";

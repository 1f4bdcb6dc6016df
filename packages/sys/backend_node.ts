import {
  connect,
  type NetConnectOpts,
  type OnReadOpts,
  Socket,
  type SocketConstructorOpts,
} from "node:net";
import process from "node:process";
import { setImmediate } from "node:timers";
import { isMainThread } from "node:worker_threads";
import type { Backend, Waker } from "./backend.ts";
import { koffi } from "./backend_node_ffi.ts";
import { GlancingWaker } from "./glance.ts";
import { openUringWaker } from "./uring_waker.ts";

export const backend: Backend = {
  waker(fd, wake): Waker {
    if (canPoll()) return new PollWaker(fd, wake);
    return openUringWaker(fd, wake, adopt) ?? new GlancingWaker(fd, wake, GLANCE_MS);
  },
};

const isBun = process.versions.bun !== undefined;

/** How often to look where there is neither polling nor a ring. */
const GLANCE_MS = 1;

/**
 * Whether koffi's polls are safe here. One that becomes ready while its Worker is
 * being terminated calls into JavaScript that may no longer run, and
 * koffi then aborts the whole process. Bun has no libuv to poll with.
 */
function canPoll(): boolean {
  return isMainThread && !isBun;
}

/** Bun makes a socket of a descriptor only by connecting. */
function adopt(fd: number, onread: OnReadOpts): Socket {
  const options = { fd, onread };
  return isBun
    ? connect(options as unknown as NetConnectOpts)
    : new Socket(options as SocketConstructorOpts);
}

class PollWaker implements Waker {
  readonly #poll;

  constructor(fd: number, wake: () => void) {
    // Koffi calls back outside of any scope of Node's, in which promises would
    // not go on. An immediate comes right after, and has one.
    this.#poll = koffi().node.poll(fd, { readable: true }, () => setImmediate(wake));
  }

  ref(): void {
    this.#poll.ref();
  }

  unref(): void {
    this.#poll.unref();
  }

  close(): void {
    this.#poll.close();
  }
}

import { setImmediate } from "node:timers";
import { type AsFd, OwnedFd } from "@posixly/fd";
import { type Interest, watch, type Watcher } from "@posixly/mux";

const nothing: Interest = {};

/** One of the two ends of a pump: a descriptor, and how it waits for that. */
export class PumpEnd {
  readonly fd: AsFd;
  readonly #interest: Interest;
  readonly #ready: () => void;
  readonly #closed: () => void;
  #watcher: Watcher | undefined;
  #stopListening: (() => void) | undefined;
  #isResting = false;

  /**
   * @param interest What it waits for
   * @param ready Called whenever it is so, until it rests
   * @param closed Called if the descriptor was closed meanwhile
   */
  constructor(fd: AsFd, interest: Interest, ready: () => void, closed: () => void) {
    this.fd = fd;
    this.#interest = interest;
    this.#ready = ready;
    this.#closed = closed;
  }

  /** Listens for its being closed, which a watch would not tell of the end that is not waited for. */
  open(): void {
    if (!(this.fd instanceof OwnedFd)) return;
    // Whoever closes it may do so amid a move.
    this.#stopListening = this.fd.beforeClose(() => queueMicrotask(this.#closed));
  }

  /** Waits, after everyone else had a turn; a file always is ready. */
  wait(): void {
    if (this.#watcher === undefined) this.#watch();
    else if (this.#isResting) this.#watcher.modify(this.#interest);
    this.#isResting = false;
  }

  /** Waits no longer, for now. */
  rest(): void {
    if (this.#isResting || this.#watcher === undefined) return;
    this.#watcher.modify(nothing);
    this.#isResting = true;
  }

  /** Neither waits nor listens any longer. */
  close(): void {
    this.#watcher?.close();
    this.#stopListening?.();
  }

  #watch(): void {
    const watcher = watchUnlessFile(this.fd, this.#interest, this.#ready);
    if (watcher === undefined) return void setImmediate(this.#ready);
    this.#watcher = watcher;
    watcher.ended.then(this.#closed);
  }
}

function watchUnlessFile(fd: AsFd, interest: Interest, ready: () => void): Watcher | undefined {
  try {
    return watch(fd, interest, ready);
  } catch (error) {
    if ((error as { code?: string }).code === "EPERM") return undefined;
    throw error;
  }
}

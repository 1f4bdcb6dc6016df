import { setImmediate } from "node:timers";
import type { AsFd } from "@posixly/fd";
import { type Interest, watch, type Watcher } from "@posixly/mux";
import { shutdown } from "@posixly/socket";
import { Copying } from "./through_memory.ts";
import { REFUSED, Splicing } from "./through_pipe.ts";

/** How much is moved before others have their turn. */
const TURN = 2 ** 20;

/** From how many bytes in one go on splicing is the cheaper way; measured, see `pump_bench.ts`. */
const WORTH_SPLICING = 32_768;

/** What {@linkcode Pumping} goes by, checked. */
interface PumpingOptions {
  readonly size: number;
  readonly via?: "splice" | "readwrite";
  readonly signal?: AbortSignal;
  readonly end?: boolean;
  readonly onProgress?: (bytes: number) => void;
  readonly onFailure?: (reason: unknown) => void;
}

const readable: Interest = { readable: true };
const writable: Interest = { writable: true };

/**
 * Bytes that go from one descriptor to another, up to the end. It moves what there is and has room,
 * and watches whichever of both it has to wait for: unlike a promise, a watch goes on within `run`.
 */
export class Pumping {
  /** How many have reached the sink, each way. */
  readonly bytes = { splice: 0, readwrite: 0 };
  /** Settles when all have, or it has failed. */
  readonly ended: Promise<void>;
  readonly #from: AsFd;
  readonly #to: AsFd;
  readonly #options: PumpingOptions;
  readonly #copying: Copying = new Copying((bytes) => this.#taken("readwrite", bytes));
  readonly #splicing: Splicing = new Splicing(
    this.#copying,
    (bytes) => this.#taken("splice", bytes),
  );
  #isSpliced: boolean;
  #watcher: Watcher | undefined;
  /** What it is that the watcher looks for. */
  #interest: Interest | undefined;
  #isOver = false;
  #succeed!: () => void;
  #reject!: (reason: unknown) => void;

  constructor(from: AsFd, to: AsFd, options: PumpingOptions) {
    this.#from = from;
    this.#to = to;
    this.#options = options;
    this.#isSpliced = options.via === "splice";
    this.ended = new Promise((resolve, reject) => {
      this.#succeed = resolve;
      this.#reject = reject;
    });
  }

  /** Moves the first bytes, and so on. */
  start(): this {
    this.#go();
    return this;
  }

  /** Gives up, unless it is over. What is in between is thrown away. */
  fail(reason: unknown): void {
    if (this.#isOver) return;
    this.#stop();
    this.#reject(reason);
    this.#options.onFailure?.(reason);
  }

  readonly #go = (): void => {
    if (this.#isOver) return;
    try {
      this.#options.signal?.throwIfAborted();
      this.#move();
    } catch (error) {
      this.fail(error);
    }
  };

  #move(): void {
    for (let moved = 0; moved < TURN;) {
      if (this.#held > 0) {
        this.#pay();
      } else {
        const n = this.#take();
        if (n === null) return this.#await(this.#from, readable);
        if (n === 0) return this.#end();
        moved += n;
      }
      if (this.#held > 0) return this.#await(this.#to, writable);
    }
    this.#await(this.#from, readable);
  }

  get #held(): number {
    return this.#splicing.held + this.#copying.held;
  }

  /** Takes from the source, and gives to the sink at once what it has room for. */
  #take(): number | null {
    const { size, via } = this.#options;
    const way = this.#isSpliced ? this.#splicing : this.#copying;
    const n = way.move(this.#from, this.#to, size);
    if (this.#splicing.isRefused) this.#isSpliced = false;
    else if (via === undefined && n !== null) this.#isSpliced = n >= WORTH_SPLICING;
    return n === REFUSED ? this.#take() : n;
  }

  /** Gives to the sink what is held. */
  #pay(): void {
    if (this.#copying.held > 0) this.#copying.pay(this.#to);
    else this.#splicing.pay(this.#to);
  }

  #taken(way: "splice" | "readwrite", bytes: number): void {
    this.bytes[way] += bytes;
    this.#options.onProgress?.(this.bytes.splice + this.bytes.readwrite);
  }

  /** Goes on when a descriptor is ready, after everyone else had a turn; a file always is. */
  #await(fd: AsFd, interest: Interest): void {
    if (interest === this.#interest) return;
    const before = this.#watcher;
    this.#watcher = watchUnlessFile(fd, interest, this.#go);
    this.#interest = this.#watcher && interest;
    before?.close(); // not earlier: the thread would seem to wait for nothing
    if (this.#watcher === undefined) setImmediate(this.#go);
    else this.#failIfClosed(this.#watcher);
  }

  async #failIfClosed(watcher: Watcher): Promise<void> {
    await watcher.ended;
    if (this.#watcher === watcher) {
      this.fail(new Error("Cannot pump any longer: the descriptor was closed"));
    }
  }

  #end(): void {
    if (this.#options.end) shutdown(this.#to, "write");
    this.#stop();
    this.#succeed();
  }

  #stop(): void {
    this.#isOver = true;
    this.#splicing.drop();
    const watcher = this.#watcher;
    this.#watcher = undefined;
    watcher?.close();
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

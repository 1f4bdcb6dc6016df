import type { AsFd } from "@posixly/fd";
import { shutdown } from "@posixly/socket";
import { PumpEnd } from "./pump_end.ts";
import { Copying } from "./through_memory.ts";
import { REFUSED, Splicing } from "./through_pipe.ts";

/** How much is moved before others have their turn. */
const TURN = 2 ** 21;

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

/**
 * Bytes that go from one descriptor to another, up to the end. It moves what there is and has room,
 * and watches whichever of both it has to wait for: unlike a promise, a watch goes on within `run`.
 * The other one rests meanwhile, so that what comes there wakes nobody.
 */
export class Pumping {
  /** How many have reached the sink, each way. */
  readonly bytes = { splice: 0, readwrite: 0 };
  /** Settles when all have, or it has failed. */
  readonly ended: Promise<void>;
  readonly #source: PumpEnd;
  readonly #sink: PumpEnd;
  readonly #options: PumpingOptions;
  readonly #copying: Copying = new Copying((bytes) => this.#taken("readwrite", bytes));
  readonly #splicing: Splicing = new Splicing(
    this.#copying,
    (bytes) => this.#taken("splice", bytes),
  );
  #isSpliced: boolean;
  #isOver = false;
  #succeed!: () => void;
  #reject!: (reason: unknown) => void;

  constructor(from: AsFd, to: AsFd, options: PumpingOptions) {
    const closed = () => {
      this.fail(new Error("Cannot pump any longer: the descriptor was closed"));
    };
    this.#source = new PumpEnd(from, { readable: true }, this.#go, closed);
    this.#sink = new PumpEnd(to, { writable: true }, this.#go, closed);
    this.#options = options;
    this.#isSpliced = options.via === "splice";
    this.ended = new Promise((resolve, reject) => {
      this.#succeed = resolve;
      this.#reject = reject;
    });
  }

  /** Moves the first bytes, and so on. */
  start(): this {
    this.#source.open();
    this.#sink.open();
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
      this.#move();
    } catch (error) {
      this.fail(error);
    }
  };

  #move(): void {
    for (let moved = 0; moved < TURN;) {
      this.#options.signal?.throwIfAborted();
      if (this.#splicing.held > 0) {
        this.#splicing.pay(this.#sink.fd);
      } else if (this.#copying.held > 0) {
        this.#copying.pay(this.#sink.fd);
      } else {
        const n = this.#take();
        if (n === null) return this.#await(this.#source);
        if (n === 0) return this.#end();
        moved += n;
      }
      if (this.#splicing.held + this.#copying.held > 0) return this.#await(this.#sink);
    }
    this.#await(this.#source);
  }

  /** Takes from the source, and gives to the sink at once what it has room for. */
  #take(): number | null {
    const { size, via } = this.#options;
    const way = this.#isSpliced ? this.#splicing : this.#copying;
    const n = way.move(this.#source.fd, this.#sink.fd, size);
    if (this.#splicing.isRefused) this.#isSpliced = false;
    else if (via === undefined && n !== null) this.#isSpliced = n >= WORTH_SPLICING;
    return n === REFUSED ? this.#take() : n;
  }

  #taken(way: "splice" | "readwrite", bytes: number): void {
    this.bytes[way] += bytes;
    this.#options.onProgress?.(this.bytes.splice + this.bytes.readwrite);
  }

  /** Goes on when this end is ready, whatever the other one is. */
  #await(end: PumpEnd): void {
    const other = end === this.#source ? this.#sink : this.#source;
    end.wait();
    other.rest();
  }

  #end(): void {
    if (this.#options.end) shutdown(this.#sink.fd, "write");
    this.#stop();
    this.#succeed();
  }

  #stop(): void {
    this.#isOver = true;
    this.#splicing.drop();
    this.#source.close();
    this.#sink.close();
  }
}

import type { ExactTime } from "@posixly/fd";
import { performance } from "node:perf_hooks";
import { Deadlines } from "./deadlines.ts";
import { Fifo } from "./fifo.ts";
import { localRefusal, type Refusal, refusalIn } from "./icmp_reason.ts";
import type { ProbedPort, ProbedState } from "./probe.ts";
import type { ProbeAsks } from "./probe_options.ts";
import { type Departure, roundTrip } from "./round_trip.ts";
import type { Outgoing } from "./sounding.ts";
import type { SynLine, SynListening } from "./syn_line.ts";

/** A SYN to a port. */
interface Attempt extends Departure {
  readonly port: Port;
  readonly number: number;
}

/** A port, and what has happened to it. */
interface Port {
  readonly number: number;
  readonly attempts: Attempt[];
  result: ProbedPort | undefined;
}

/** All that happens in one call of `probe`. */
export class ProbeRun {
  readonly #host: string;
  readonly #asks: ProbeAsks;
  readonly #line: SynLine;
  readonly #ports = new Map<number, Port>();
  /** How many milliseconds lie between two SYNs. */
  readonly #spacing: number;
  readonly #waiting: Deadlines<Attempt>;
  /** Those that are asked next: all for the first time, then those that did not answer. */
  readonly #toSend: Fifo<Port>;
  /** When the next SYN may go. */
  #due = performance.now();
  #results: ProbedPort[] = [];
  #known = 0;
  readonly #toTell: Fifo<Port>;

  constructor(host: string, ports: readonly number[], asks: ProbeAsks, line: SynLine) {
    this.#host = host;
    this.#asks = asks;
    this.#line = line;
    this.#spacing = 1000 / asks.rate;
    this.#waiting = new Deadlines(asks.timeout);
    for (const number of ports) {
      this.#ports.set(number, { number, attempts: [], result: undefined });
    }
    const all = [...this.#ports.values()];
    this.#toSend = new Fifo(all);
    this.#toTell = new Fifo(all);
  }

  /** Whether all is known, and told. */
  get isOver(): boolean {
    return this.#known === this.#ports.size && this.#results.length === 0;
  }

  /** When there is something to do again, if nothing comes in before. */
  get nextTime(): number {
    return Math.min(this.#toSend.length > 0 ? this.#due : Infinity, this.#waiting.next);
  }

  /** Sends what is due, and tells whether there was room for all of it. */
  send(): boolean {
    for (;;) {
      const now = performance.now();
      const { capacity } = this.#line.sounder;
      // Whoever was late does not make up for it all at once.
      this.#due = Math.max(this.#due, now - this.#spacing * capacity);
      const due = Math.floor((now - this.#due) / this.#spacing) + 1;
      const count = Math.min(due, capacity, this.#toSend.length);
      if (count <= 0) return true;
      if (this.#sendBatch(count) < count) return false;
      this.take();
    }
  }

  #sendBatch(count: number): number {
    const packets = this.#toSend.peek(count).map((port): Outgoing => {
      const number = port.attempts.length;
      const departure: Attempt = { port, number, began: 0, left: undefined };
      return { bytes: this.#line.syn(port.number, number), departure };
    });
    const failed: Departure[] = [];
    const done = this.#line.sounder.send(packets, ({ departure }, { code }) => {
      failed.push(departure);
      this.#conclude((departure as Attempt).port, "filtered", { refusal: localRefusal(code) });
    });
    for (const { departure } of packets.slice(0, done)) {
      const attempt = departure as Attempt;
      attempt.port.attempts.push(attempt);
      if (!failed.includes(attempt)) this.#waiting.add(attempt);
    }
    this.#toSend.skip(done);
    this.#due += done * this.#spacing;
    return done;
  }

  /** Takes what came in, and tells whether there is more. */
  take(): boolean {
    return this.#line.take(this.#listening);
  }

  readonly #listening: SynListening = {
    answered: ({ port: number, attempt, says, ttl, arrived }) => {
      const port = this.#ports.get(number);
      if (port === undefined) return;
      const state = says === "rst" ? "closed" : "open";
      this.#conclude(port, state, { ttl, ...timeOf(port, attempt, arrived) });
    },
    refused: (number, attempt, error, arrived) => {
      const port = this.#ports.get(number);
      if (port === undefined) return;
      const time = timeOf(port, attempt, arrived);
      this.#conclude(port, "filtered", { refusal: refusalIn(error), ...time });
    },
  };

  /** Asks again those that nobody answered for in time, or gives them up. */
  expire(now: number): void {
    const hasResult = ({ port }: Attempt) => port.result !== undefined;
    for (const { port, number } of this.#waiting.due(now, hasResult)) {
      if (number < this.#asks.retries) this.#toSend.push(port);
      else this.#conclude(port, "filtered", {});
    }
  }

  #conclude(
    port: Port,
    state: ProbedState,
    known: Partial<Pick<ProbedPort, "ttl" | "rtt" | "clock">> & { refusal?: Refusal },
  ): void {
    if (port.result !== undefined) return;
    port.result = {
      host: this.#host,
      port: port.number,
      state,
      rtt: known.rtt,
      clock: known.clock,
      ttl: known.ttl,
      refusal: known.refusal,
      attempts: Math.max(port.attempts.length, 1),
    };
    this.#known++;
    if (this.#asks.order === "answer") this.#results.push(port.result);
  }

  /** What is known now and was not told yet, in the order that was asked for. */
  *told(): Generator<ProbedPort, void, void> {
    if (this.#asks.order === "answer") {
      yield* this.#results.splice(0);
      return;
    }
    for (let result; (result = this.#toTell.first?.result) !== undefined;) {
      this.#toTell.skip();
      yield result;
    }
  }
}

function timeOf({ attempts }: Port, number: number, arrived: ExactTime | undefined) {
  const attempt = attempts[number];
  return attempt === undefined ? {} : roundTrip(attempt, arrived);
}

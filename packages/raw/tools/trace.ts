import type { ExactTime } from "@posixly/fd";
import { Deadlines } from "./deadlines.ts";
import type { IpFamily } from "./host.ts";
import type { Refusal } from "./icmp_reason.ts";
import { roundTrip } from "./round_trip.ts";
import { type TraceAnswer, type TraceHop, verdictOn } from "./trace_hop.ts";
import type { TargetAnswer, TraceListening, TracePacket, Tracer } from "./tracer.ts";
import type { TracerouteAsks } from "./traceroute_options.ts";

/** A packet, and what came back of it. */
interface Query extends TracePacket {
  answer: TraceAnswer | undefined;
}

/** Nobody answered in time. */
const silence: TraceAnswer = Object.freeze({
  from: null,
  rtt: undefined,
  clock: undefined,
  ttl: undefined,
  reached: false,
  note: "",
  refusal: undefined,
});

/** What is known of the way so far: which packets are sent next, and which hops are complete. */
export class Trace implements TraceListening {
  readonly #family: IpFamily;
  readonly #asks: TracerouteAsks;
  readonly #queries: Query[] = [];
  readonly #waiting: Deadlines<Query>;
  /** How far it is worth looking: as far as the nearest end that is known. */
  #last: number;
  /** How many packets are under way, and which hop is told next. */
  #open = 0;
  #next: number;

  constructor(family: IpFamily, asks: TracerouteAsks) {
    this.#family = family;
    this.#asks = asks;
    this.#waiting = new Deadlines(asks.timeout);
    this.#last = asks.maxHops;
    this.#next = asks.firstHop;
  }

  /** Whether all hops are told. */
  get isOver(): boolean {
    return this.#next > this.#last;
  }

  /** When the next packet will be told lost. */
  get nextDeadline(): number {
    return this.#waiting.next;
  }

  /** Whether another packet may go now. */
  get canSend(): boolean {
    const { parallel } = this.#asks;
    return this.#open < parallel && this.#distanceOf(this.#queries.length) <= this.#last;
  }

  #distanceOf(number: number): number {
    return this.#asks.firstHop + Math.floor(number / this.#asks.queries);
  }

  /** Sends what may go, and tells whether there was room for it. */
  send(tracer: Tracer): boolean {
    while (this.canSend) {
      const number = this.#queries.length;
      const distance = this.#distanceOf(number);
      const query: Query = { number, distance, answer: undefined, began: 0, left: undefined };
      this.#queries.push(query);
      this.#open++;
      if (!tracer.send(query, this)) {
        this.#queries.pop();
        this.#open--;
        return false;
      }
      if (query.answer === undefined) this.#waiting.add(query);
    }
    return true;
  }

  answered(number: number, { from, ttl, arrived, rtt }: TargetAnswer): void {
    const query = this.#queries[number];
    if (query?.answer !== undefined || query === undefined) return;
    const time = rtt === undefined ? roundTrip(query, arrived) : { rtt, clock: "kernel" } as const;
    const end = { reached: true, note: "", refusal: undefined };
    this.#settle(query, { from, ttl, ...time, ...end }, true);
  }

  refused(number: number, refusal: Refusal, arrived: ExactTime | undefined): void {
    const query = this.#queries[number];
    if (query?.answer !== undefined || query === undefined) return;
    const { reached, note, isEnd } = verdictOn(this.#family, refusal);
    const { from } = refusal;
    const time = from === null ? { rtt: undefined, clock: undefined } : roundTrip(query, arrived);
    this.#settle(query, { from, ...time, ttl: undefined, reached, note, refusal }, isEnd);
  }

  #settle(query: Query, answer: TraceAnswer, isEnd: boolean): void {
    query.answer = answer;
    this.#open--;
    if (isEnd) this.#last = Math.min(this.#last, query.distance);
  }

  /** Tells those lost that nobody answered in time. */
  expire(now: number): void {
    for (const query of this.#waiting.due(now, ({ answer }) => answer !== undefined)) {
      this.#settle(query, silence, false);
    }
  }

  /** The hops of which all is known, one after the other. */
  *complete(): Generator<TraceHop, void, void> {
    while (!this.isOver) {
      const { queries, firstHop } = this.#asks;
      const first = (this.#next - firstHop) * queries;
      const answers = this.#queries.slice(first, first + queries).map(({ answer }) => answer);
      if (answers.length < queries || answers.includes(undefined)) return;
      const told = answers as TraceAnswer[];
      const distance = this.#next++;
      yield { distance, answers: told, reached: told.some(({ reached }) => reached) };
    }
  }
}

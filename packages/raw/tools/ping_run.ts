import { randomInt } from "node:crypto";
import { performance } from "node:perf_hooks";
import { Deadlines } from "./deadlines.ts";
import { MARK } from "./echo.ts";
import { type Echo, EchoLine, type EchoListening } from "./echo_line.ts";
import { type HostAddress, type IpFamily, keyOf } from "./host.ts";
import { localRefusal, type Refusal, refusalIn } from "./icmp_reason.ts";
import type { EchoEvent, PingEvent, PingUnknown } from "./ping_event.ts";
import { type PingHost, pingHosts } from "./ping_hosts.ts";
import type { PingAsks } from "./ping_options.ts";
import type { PingStatistics } from "./ping_statistics.ts";
import { echoId, type Request, Target } from "./ping_target.ts";
import { roundTrip } from "./round_trip.ts";
import type { Outgoing } from "./sounding.ts";
import { Vigil } from "../vigil.ts";

/** How long an answer to what was told lost is still known for one. */
const LATE_TIMES = 10;
const LATE_LEAST_MS = 10_000;

/** When what the kernel had no room for is tried again. */
const NO_ROOM_MS = 1;

/** How many requests are made before what came in is taken, which has little room of its own. */
const REQUESTS_A_ROUND = 64;

/** A request on its way to a socket. */
interface Leaving extends Outgoing {
  readonly departure: Request;
}

/** All that happens in one call of `ping`. */
export class PingRun {
  readonly #names: readonly string[];
  readonly #asks: PingAsks;
  /** How many requests there will be, and how many milliseconds lie between two of them. */
  #total = 0;
  #spacing = 0;
  readonly #lines = new Map<IpFamily, EchoLine>();
  readonly #byHost = new Map<string, Target>();
  #targets: readonly Target[] = [];
  /** Those whose names nobody knows. */
  unknown: readonly PingUnknown[] = [];
  #events: EchoEvent[] = [];
  readonly #waiting: Deadlines<Request>;
  readonly #known: Deadlines<Request>;
  /** What was made and not sent yet. */
  readonly #leaving = new Map<EchoLine, Leaving[]>();
  /** How many requests were made, to all targets in turn, and of how many the end is not known. */
  #made = 0;
  #unknown = 0;
  /** When the first request was due, or would have been if nobody had ever been slow. */
  #began = 0;

  constructor(names: readonly string[], asks: PingAsks) {
    this.#names = names;
    this.#asks = asks;
    this.#waiting = new Deadlines(asks.timeout);
    this.#known = new Deadlines(Math.max(asks.timeout * LATE_TIMES, LATE_LEAST_MS));
  }

  statistics(): readonly PingStatistics[] {
    return this.#targets.map(({ name, address, tally }) =>
      tally.statistics(name, address.host, this.#lines.get(address.family)!.way)
    );
  }

  async *events(): AsyncGenerator<PingEvent, void, void> {
    const { family, signal } = this.#asks;
    signal?.throwIfAborted();
    const { known, unknown } = await pingHosts(this.#names, family, signal);
    this.unknown = unknown;
    yield* unknown;
    using vigil = new Vigil(signal);
    try {
      this.#open(known, vigil);
      this.#began = performance.now();
      for (;;) {
        const hasRoom = this.#send(performance.now());
        const hasMore = this.#take();
        this.#expire(performance.now());
        yield* this.#events.splice(0);
        if (this.#made === this.#total && this.#unknown === 0) return;
        await vigil.until(hasMore ? 0 : this.#nextTime(hasRoom));
      }
    } finally {
      for (const line of this.#lines.values()) line[Symbol.dispose]();
    }
  }

  #open(known: readonly PingHost[], vigil: Vigil): void {
    const token = randomInt(2 ** 32);
    const { way, interface: name, address, size, options } = this.#asks;
    for (const { address: { family } } of known) {
      if (this.#lines.has(family)) continue;
      const asks = { way, interface: name, address, options: options[family] };
      const line = new EchoLine(family, asks, size, token);
      this.#lines.set(family, line);
      this.#leaving.set(line, []);
      vigil.watch(line.socket);
    }
    const targets = known.map(({ name, address }, i) => new Target(name, address, i));
    for (const target of targets) this.#byHost.set(keyOf(target.address), target);
    if (size < MARK && this.#byHost.size < targets.length) {
      throw new RangeError(
        `size must be ${MARK} or more to tell apart targets of one address, not ${size}`,
      );
    }
    this.#targets = targets;
    this.#total = targets.length * this.#asks.count;
    this.#spacing = this.#asks.interval / targets.length;
  }

  /** Makes the requests that are due, and sends them; tells whether there was room for all. */
  #send(now: number): boolean {
    const behind = now - this.#dueTime;
    if (behind > this.#asks.interval && behind !== Infinity) this.#began += behind;
    const due = Math.floor((now - this.#began) / this.#spacing) + 1;
    do {
      const last = Math.min(due, this.#total, this.#made + REQUESTS_A_ROUND);
      while (this.#made < last) this.#make();
      for (const [line, leaving] of this.#leaving) {
        if (!this.#flush(line, leaving)) return false;
      }
      if (this.#made < due) this.#take();
    } while (this.#made < Math.min(due, this.#total));
    return true;
  }

  /** When the next request is due; `Infinity` if there is none. */
  get #dueTime(): number {
    return this.#made < this.#total ? this.#began + this.#made * this.#spacing : Infinity;
  }

  #nextTime(hasRoom: boolean): number {
    const sending = hasRoom ? this.#dueTime : performance.now() + NO_ROOM_MS;
    return Math.min(sending, this.#waiting.next);
  }

  #make(): void {
    const target = this.#targets[this.#made++ % this.#targets.length];
    const line = this.#lines.get(target.address.family)!;
    const departure = target.request();
    this.#unknown++;
    this.#leaving.get(line)!.push({
      bytes: line.request(departure.sequence, target.index),
      to: target.address,
      departure,
    });
  }

  #flush(line: EchoLine, leaving: Leaving[]): boolean {
    while (leaving.length > 0) {
      const batch = leaving.slice(0, line.sounder.capacity);
      const done = line.sounder.send(batch, ({ departure }, { code }) => {
        this.#refuse(departure as Request, localRefusal(code));
      });
      for (const { departure } of leaving.splice(0, done)) {
        if (departure.state !== "waiting") departure.target.forget(departure);
        else {
          this.#waiting.add(departure);
          this.#known.add(departure);
        }
      }
      if (done < batch.length) return false;
    }
    return true;
  }

  /** Takes what came in, and tells whether there is more. */
  #take(): boolean {
    let hasMore = false;
    for (const line of this.#lines.values()) hasMore = line.take(this.#listening) || hasMore;
    return hasMore;
  }

  readonly #listening: EchoListening = {
    replied: (reply) => {
      const request = this.#find(reply, reply.from as HostAddress);
      if (request === undefined) return;
      const { state, target } = request;
      this.#settle(request, "answered");
      this.#tell(request, {
        kind: "reply",
        ...echoId(request),
        from: (reply.from as HostAddress).host,
        ...roundTrip(request, reply.arrived),
        ttl: reply.ttl,
        bytes: reply.length,
        duplicate: state === "answered",
        late: state === "lost",
        way: this.#lines.get(target.address.family)!.way,
      });
    },
    refused: (echo, error) => {
      const request = this.#find(echo, error.destination as HostAddress | null);
      if (request !== undefined) this.#refuse(request, refusalIn(error));
    },
  };

  #find({ sequence, index }: Echo, host: HostAddress | null): Request | undefined {
    const target = index !== undefined
      ? this.#targets[index]
      : host === null
      ? undefined
      : this.#byHost.get(keyOf(host));
    return target?.find(sequence);
  }

  #refuse(request: Request, refusal: Refusal): void {
    if (request.state === "waiting") this.#settle(request, "refused");
    this.#tell(request, { kind: "error", ...echoId(request), ...refusal });
  }

  /** Tells of those that nobody answered in time, and forgets those of long ago. */
  #expire(now: number): void {
    for (const request of this.#waiting.due(now, ({ state }) => state !== "waiting")) {
      this.#settle(request, "lost");
      this.#tell(request, { kind: "timeout", ...echoId(request) });
    }
    for (const request of this.#known.due(now)) request.target.forget(request);
  }

  #settle(request: Request, state: Request["state"]): void {
    if (request.state === "waiting") this.#unknown--;
    request.state = state;
  }

  #tell({ target }: Request, event: EchoEvent): void {
    target.tally.count(event);
    this.#events.push(event);
  }
}

import type { HostAddress } from "./host.ts";
import type { EchoId } from "./ping_event.ts";
import { Tally } from "./ping_statistics.ts";
import type { Departure } from "./round_trip.ts";

/** An echo request and what became of it. */
export interface Request extends Departure {
  readonly target: Target;
  readonly sequence: number;
  state: "waiting" | "answered" | "refused" | "lost";
}

/** Sequence numbers have 16 bits on the wire. */
const NUMBERS = 0x1_0000;

/** One who is pinged. */
export class Target {
  readonly name: string;
  readonly address: HostAddress;
  readonly index: number;
  readonly tally: Tally = new Tally();
  /** By the number on the wire: a new request takes the place of the one 65536 before. */
  readonly #requests = new Map<number, Request>();

  constructor(name: string, address: HostAddress, index: number) {
    this.name = name;
    this.address = address;
    this.index = index;
  }

  request(): Request {
    const sequence = ++this.tally.sent;
    const request: Request = {
      ...{ target: this, sequence, state: "waiting" },
      ...{ began: 0, left: undefined },
    };
    this.#requests.set(sequence % NUMBERS, request);
    return request;
  }

  /** The latest request with this number, unless it is long ago. */
  find(number: number): Request | undefined {
    return this.#requests.get(number);
  }

  forget(request: Request): void {
    const number = request.sequence % NUMBERS;
    if (this.#requests.get(number) === request) this.#requests.delete(number);
  }
}

/** What an event says of its request. */
export function echoId({ target, sequence }: Request): EchoId {
  return { target: target.name, host: target.address.host, sequence };
}

import type { PortRange } from "@posixly/socket";
import { requireInteger, requireKnown } from "@posixly/sys";
import { portAllocator } from "./port_allocator.ts";
import { seededRandom } from "./random.ts";
import type { Flow, Strategy } from "./strategy.ts";

/**
 * What load to choose ports under, see {@linkcode simulate}.
 *
 * @example Usage
 * ```ts
 * import { simulate, type SimulationOptions } from "@posixly/ports";
 * import assert from "node:assert/strict";
 *
 * const crowded: SimulationOptions = {
 *   range: { first: 40_000, last: 40_099 },
 *   destinations: 1,
 *   held: 90,
 *   connections: 1000,
 * };
 * assert.ok(simulate("simpleRandom", crowded).meanSearch > 3);
 * ```
 */
export interface SimulationOptions {
  /** The ports to choose from; by default 32768 to 60999, as Linux has it. */
  readonly range?: PortRange;
  /** How many connections are made; by default 10000. */
  readonly connections?: number;
  /** To how many destinations, each as likely as the others; by default 4. */
  readonly destinations?: number;
  /**
   * How many connections are made before the port of one is free again, its time in TIME_WAIT
   * included; by default 1000.
   */
  readonly held?: number;
  /** How far from the last port that was seen a guess may be; by default 16. */
  readonly window?: number;
  /** Which random numbers; the same seed gives the same result. By default 1. */
  readonly seed?: number;
}

/**
 * How a strategy did, see {@linkcode simulate}.
 *
 * @example Usage
 * ```ts
 * import { simulate, type Simulation } from "@posixly/ports";
 * import assert from "node:assert/strict";
 *
 * const { guessedElsewhere }: Simulation = simulate("sequential", { destinations: 2 });
 * assert.ok(guessedElsewhere > 0.99);
 * ```
 */
export interface Simulation {
  /** How ports were chosen. */
  readonly strategy: Strategy;
  /** How many connections found no port. */
  readonly failed: number;
  /** How many ports were looked at in vain, since a connection to the same place had them. */
  readonly collisions: number;
  /** At how many ports a connection had to look. */
  readonly meanSearch: number;
  /** At how many the one with the least luck. */
  readonly longestSearch: number;
  /**
   * The share of ports, from 0 to 1, that come soon after the last one of the same destination:
   * what someone can guess who sees the traffic to it.
   */
  readonly guessedHere: number;
  /**
   * The share of ports, from 0 to 1, that come soon after the last one of any other destination:
   * what the owner of a server can guess of connections to the others.
   */
  readonly guessedElsewhere: number;
  /** After how many other connections a port was used again for the same destination, at the least. */
  readonly soonestReuse: number;
}

/**
 * Chooses ports for many connections, and tells how often a taken one was looked at, how long the
 * search took, and how well the next one can be guessed. No socket is opened.
 *
 * @param strategy How ports are chosen
 * @param options The load
 * @returns How it went
 * @throws {TypeError | RangeError} If there is no such strategy, or an option is none
 *
 * @example Usage
 * ```ts
 * import { simulate } from "@posixly/ports";
 * import assert from "node:assert/strict";
 *
 * const sequential = simulate("sequential");
 * const doubleHash = simulate("doubleHash");
 * assert.ok(doubleHash.guessedElsewhere < sequential.guessedElsewhere / 10);
 * ```
 */
export function simulate(strategy: Strategy, options: SimulationOptions = {}): Simulation {
  const { range, connections, destinations, held, window, seed } = check(options);
  const size = range.last - range.first + 1;
  const random = seededRandom(seed);
  const secret = Uint8Array.from({ length: 32 }, () => random(256));
  const allocator = portAllocator(strategy, { range, secret, random });
  const places = Array.from({ length: destinations }, (_, i) => new Place(i));
  const holding: (Holding | null)[] = [];

  const here = new Guesses(window, size);
  const elsewhere = new Guesses(window, size);
  let last: Holding | null = null;
  let [failed, looked, longestSearch, soonestReuse] = [0, 0, 0, Infinity];

  for (let now = 0; now < connections; now++) {
    const ended = holding[now - held - 1];
    ended?.place.taken.delete(ended.port);

    const place = places[random(destinations)];
    const found = allocator.allocate(place.flow, (port) => !place.taken.has(port));
    looked += found?.looked ?? size;
    longestSearch = Math.max(longestSearch, found?.looked ?? size);
    holding.push(found && { place, port: found.port });
    if (found === null) {
      failed++;
      continue;
    }
    if (place.lastPort !== null) here.count(place.lastPort, found.port);
    if (last !== null && last.place !== place) elsewhere.count(last.port, found.port);
    soonestReuse = Math.min(soonestReuse, now - (place.usedAt.get(found.port) ?? -Infinity));
    place.use(found.port, now);
    last = holding[now];
  }
  return {
    strategy,
    failed,
    collisions: looked - (connections - failed),
    meanSearch: looked / connections,
    longestSearch,
    guessedHere: here.share,
    guessedElsewhere: elsewhere.share,
    soonestReuse,
  };
}

interface Holding {
  readonly place: Place;
  readonly port: number;
}

/** Somewhere to connect to, and the ports from which that was done. */
class Place {
  readonly flow: Flow;
  readonly taken = new Set<number>();
  readonly usedAt = new Map<number, number>();
  lastPort: number | null = null;

  constructor(number: number) {
    this.flow = {
      localAddress: "192.0.2.1",
      remoteAddress: `198.51.100.${number % 256}`,
      remotePort: 1 + (number >> 8),
    };
  }

  use(port: number, now: number): void {
    this.taken.add(port);
    this.usedAt.set(port, now);
    this.lastPort = port;
  }
}

/** How many ports came shortly after one that was seen. */
class Guesses {
  readonly #window: number;
  readonly #size: number;
  #made = 0;
  #right = 0;

  constructor(window: number, size: number) {
    this.#window = window;
    this.#size = size;
  }

  count(seen: number, port: number): void {
    const distance = (port - seen + this.#size) % this.#size;
    this.#made++;
    if (distance >= 1 && distance <= this.#window) this.#right++;
  }

  get share(): number {
    return this.#made === 0 ? 0 : this.#right / this.#made;
  }
}

function check(options: SimulationOptions): Required<SimulationOptions> {
  const names = ["range", "connections", "destinations", "held", "window", "seed"];
  requireKnown(options, names);
  const {
    range = { first: 32_768, last: 60_999 },
    connections = 10_000,
    destinations = 4,
    held = 1000,
    window = 16,
    seed = 1,
  } = options;
  return {
    range,
    connections: requireInteger(connections, "connections", 1, 10_000_000),
    destinations: requireInteger(destinations, "destinations", 1, 65_536),
    held: requireInteger(held, "held", 0),
    window: requireInteger(window, "window", 1, 65_535),
    seed: requireInteger(seed, "seed", 0, 0xffff_ffff),
  };
}

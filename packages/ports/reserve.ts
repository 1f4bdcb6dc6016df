import type { PortRange } from "@posixly/socket";
import { requireInteger, requireKnown, requireName, SyscallError } from "@posixly/sys";
import { hold, type Place } from "./hold.ts";
import { addressAt } from "./host.ts";
import { portRange, reservedPorts } from "./range.ts";
import { requireRange } from "./reserved.ts";
import { PortReservation } from "./reservation.ts";
import { shuffled } from "./shuffled.ts";

/**
 * Which port is wanted, and where, see {@linkcode reservePort}.
 *
 * @example A well-known port if it is free, else any
 * ```ts
 * import { reservePort, type ReserveOptions } from "@posixly/ports";
 *
 * const options: ReserveOptions = { prefer: [8080, 8081], host: "127.0.0.1" };
 * using reservation = reservePort(options);
 * console.log("port", reservation.port);
 * ```
 */
export interface ReserveOptions {
  /**
   * The address to hold it at; by default all of this machine. Free it has to be at all of them in
   * any case, for whoever connects to `localhost` may come in at any.
   */
  readonly host?: string;
  /** Of which version of IP, if no host is given; by default of both that the machine has. */
  readonly family?: "ipv4" | "ipv6" | "both";
  /** What it is for; by default TCP. With `both` it is the same port for the two. */
  readonly protocol?: "tcp" | "udp" | "both";
  /** Ports to try first, in this order. */
  readonly prefer?: number | Iterable<number>;
  /**
   * Where to choose from when none of the preferred is free: a range, any of which is as likely;
   * `false` for nowhere. By default the kernel chooses one of its ephemeral ports.
   */
  readonly range?: PortRange | false;
  /** Ports that are not wanted. */
  readonly exclude?: Iterable<number>;
}

/** How many more ports of the kernel's choice than are wanted are tried: a few are taken for UDP. */
const OFFERS = 256;

/**
 * Reserves a port: binds a socket to it, bind(2), without the options that share one. From then on
 * nobody has it but the caller, be it in this thread, in a Worker or in another process; what the
 * kernel said cannot become untrue, as it can of a port that was found free and let go.
 *
 * @param options Which port, and where; a preferred one that is taken, or that takes privileges, is
 * passed over
 * @returns The reservation: to listen at, to hand on, or to close
 * @throws {SyscallError} `EADDRINUSE` if no port that was asked for is free, `EACCES` if the last of
 * them takes `CAP_NET_BIND_SERVICE`, `EADDRNOTAVAIL` if the host is none of this machine,
 * `EAFNOSUPPORT` if it has no IPv6 and that is asked for
 * @throws {TypeError | RangeError} If an option is none
 *
 * @example Usage
 * ```ts
 * import { reservePort } from "@posixly/ports";
 * import assert from "node:assert/strict";
 *
 * using reservation = reservePort();
 * assert.throws(() => reservePort({ prefer: reservation.port, range: false }), {
 *   code: "EADDRINUSE",
 * });
 * using listener = reservation.listen();
 * ```
 *
 * @example For a server of Node
 * ```ts
 * import { reservePort } from "@posixly/ports";
 * import { toNodeServer } from "@posixly/socket";
 * import { createServer } from "node:http";
 * import { once } from "node:events";
 *
 * using reservation = reservePort({ prefer: 8080, host: "127.0.0.1" });
 * const server = toNodeServer(reservation.listen(), createServer());
 * await once(server, "listening");
 * server.close();
 * ```
 */
export function reservePort(options: ReserveOptions = {}): PortReservation {
  const [reservation] = reservePorts(1, options);
  return reservation;
}

/**
 * Reserves several ports, all or none.
 *
 * @param count How many
 * @param options Which, and where
 * @returns The reservations, each of another port
 * @throws {SyscallError} As {@linkcode reservePort} does, if there are not so many
 * @throws {TypeError | RangeError} If an option is none
 *
 * @example Usage
 * ```ts
 * import { reservePorts } from "@posixly/ports";
 * import assert from "node:assert/strict";
 *
 * const [web, metrics] = reservePorts(2, { host: "127.0.0.1", protocol: "both" });
 * assert.notEqual(web.port, metrics.port);
 * web.close();
 * metrics.close();
 * ```
 */
export function reservePorts(count: number, options: ReserveOptions = {}): PortReservation[] {
  requireInteger(count, "count", 1, 65_535);
  const { place, wanted, excluded } = check(count, options);
  const held: PortReservation[] = [];
  let refusal: unknown = new RangeError("there is no port to choose from");
  try {
    for (const port of wanted) {
      if (excluded.has(port)) continue;
      try {
        const { port: found, ...sockets } = hold(port, place);
        if (held.push(new PortReservation(found, sockets)) === count) return held;
      } catch (error) {
        if (!isTaken(error)) throw error;
        refusal = error;
      }
    }
    throw refusal;
  } catch (error) {
    for (const reservation of held) reservation.close();
    throw error;
  }
}

function isTaken(error: unknown): boolean {
  return error instanceof SyscallError && (error.code === "EADDRINUSE" || error.code === "EACCES");
}

function check(count: number, options: ReserveOptions) {
  requireKnown(options, ["host", "family", "protocol", "prefer", "range", "exclude"]);
  const { host, family = "both", protocol = "tcp", prefer = [], range, exclude = [] } = options;
  requireName(["ipv4", "ipv6", "both"], family, "family");
  requireName(["tcp", "udp", "both"], protocol, "protocol");
  if (host !== undefined) requireHost(host, family);
  const preferred = new Set(typeof prefer === "object" ? prefer : [prefer]);
  for (const port of preferred) requireInteger(port, "prefer", 1, 65_535);
  if (range) requireInteger(requireRange(range).first, "range.first", 1, 65_535);
  const excluded = new Set(exclude);
  for (const port of excluded) requireInteger(port, "exclude", 0, 65_535);
  const wanted = inOrder(preferred, range ? shuffled(range) : othersThan(excluded, range, count));
  return { place: { host, family, protocol }, wanted, excluded };
}

function requireHost(host: string, family: Place["family"]): void {
  const { family: actual } = addressAt(host, 0);
  if (family !== "both" && family !== actual) {
    throw new TypeError(`host must be an address of ${family}, not ${host}`);
  }
}

function* inOrder(first: Iterable<number>, then: Iterable<number>) {
  yield* first;
  yield* then;
}

function othersThan(excluded: Set<number>, range: false | undefined, count: number) {
  if (range === false) return [];
  // The kernel cannot be told what not to offer; then we choose among what it would.
  if (excluded.size > 0) return ephemeral();
  return new Array<number>(count + OFFERS).fill(0);
}

function* ephemeral() {
  const reserved = reservedPorts();
  for (const port of shuffled(portRange())) {
    if (!reserved.some(({ first, last }) => first <= port && port <= last)) yield port;
  }
}

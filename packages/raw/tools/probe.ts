import { performance } from "node:perf_hooks";
import { addressOfHost } from "./host.ts";
import type { Refusal } from "./icmp_reason.ts";
import { portsToProbe, type ProbeAsks, probeAsks, type ProbeOptions } from "./probe_options.ts";
import { ProbeRun } from "./probe_run.ts";
import type { RoundTripClock } from "./round_trip.ts";
import { SynLine } from "./syn_line.ts";
import { Vigil } from "../vigil.ts";

/**
 * What is known of a port. `open`: somebody listens there, a SYN-ACK came back. `closed`: nobody
 * does, a RST came back. `filtered`: nothing came back, or somebody on the way said that it does not
 * get there.
 *
 * @example Usage
 * ```ts
 * import { probe, type ProbedState } from "@posixly/raw";
 *
 * const counts: Partial<Record<ProbedState, number>> = {};
 * for await (const { state } of probe("127.0.0.1", [1, 2, 3])) {
 *   counts[state] = (counts[state] ?? 0) + 1;
 * }
 * console.log(counts);
 * ```
 */
export type ProbedState = "open" | "closed" | "filtered";

/**
 * A port and what is known of it, see {@linkcode probe}.
 *
 * @example Usage
 * ```ts
 * import { probe, type ProbedPort } from "@posixly/raw";
 *
 * const show = ({ port, state, rtt, refusal }: ProbedPort) =>
 *   `${port} ${state} ${refusal?.reason ?? rtt?.toFixed(3) ?? "no answer"}`;
 * for await (const port of probe("127.0.0.1", 1)) console.log(show(port));
 * ```
 */
export interface ProbedPort {
  /** The address that was asked. */
  readonly host: string;
  /** The port. */
  readonly port: number;
  /** Whether somebody listens there. */
  readonly state: ProbedState;
  /** How many milliseconds the answer took, see {@linkcode RoundTripClock}; `undefined` without one. */
  readonly rtt: number | undefined;
  /** By whose clock. */
  readonly clock: RoundTripClock | undefined;
  /** How many routers the answer might still have passed. */
  readonly ttl: number | undefined;
  /** Who said that it does not get there, and why; `undefined` if nobody did. */
  readonly refusal: Refusal | undefined;
  /** How often it was asked. */
  readonly attempts: number;
}

/** What is tried again when the kernel had no room for it. */
const NO_ROOM_MS = 1;

/**
 * Finds out which ports of TCP somebody listens at, by SYNs of one's own making: no connection is
 * established. It takes `CAP_NET_RAW`; without it, `connectTcp` of `@posixly/socket` tells the same of
 * one port after the other.
 *
 * The kernel does not know these SYNs. When a SYN-ACK comes back, it answers with a RST by itself,
 * which takes back what was begun: what listens there never sees a connection, though a firewall may.
 * Our port is held by a socket meanwhile, so that nobody else gets the answers.
 *
 * An answer counts only if it acknowledges a number that is made of addresses, ports and a secret,
 * so nobody who does not see our packets can make one up. Answers come in at most as fast as they are
 * read, and wait in the socket until then, with their times.
 *
 * **Ask only machines that are yours, or whose owner has agreed.** Others will take it for the
 * beginning of an attack, and in some places it is against the law. The `rate` is low by default,
 * since a small router remembers every SYN for a while.
 *
 * @param host The name or the address of the host
 * @param ports Which ports
 * @param options How fast, how long, in which order
 * @returns Each port and what is known of it
 * @throws {RawAccessError} `EPERM` if we lack `CAP_NET_RAW`; it says what to do
 * @throws {SyscallError} `ENETUNREACH` if no route leads there, `EACCES` or `EINVAL` if one forbids or
 * discards it; `ENODEV` if there is no such interface, `EADDRNOTAVAIL` if this machine has no such
 * address
 * @throws {Error} As node:dns has them, if the name is not known
 * @throws {TypeError | RangeError} If a port or an option is not as described
 * @throws The signal's reason
 *
 * @example Usage
 * ```ts
 * import { probe } from "@posixly/raw";
 * import { type HostAndPort, listenTcp } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * using listener = listenTcp("127.0.0.1:0");
 * const { port } = listener.localAddress as HostAndPort;
 * for await (const { state } of probe("127.0.0.1", port)) assert.equal(state, "open");
 * ```
 */
export function probe(
  host: string,
  ports: number | Iterable<number>,
  options: ProbeOptions = {},
): AsyncGenerator<ProbedPort, void, void> {
  return probed(host, portsToProbe(ports), probeAsks(options));
}

async function* probed(
  host: string,
  ports: readonly number[],
  asks: ProbeAsks,
): AsyncGenerator<ProbedPort, void, void> {
  const { family, signal, retries } = asks;
  signal?.throwIfAborted();
  const target = await addressOfHost(host, family, signal);
  using vigil = new Vigil(signal);
  using line = new SynLine(target, retries + 1, asks);
  vigil.watch(line.socket);
  const run = new ProbeRun(target.host, ports, asks, line);
  for (;;) {
    const hasRoom = run.send();
    const hasMore = run.take();
    run.expire(performance.now());
    yield* run.told();
    if (run.isOver) return;
    await vigil.until(hasMore ? 0 : hasRoom ? run.nextTime : performance.now() + NO_ROOM_MS);
  }
}

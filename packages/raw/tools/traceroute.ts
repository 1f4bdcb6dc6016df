import { performance } from "node:perf_hooks";
import { addressOfHost } from "./host.ts";
import { Trace } from "./trace.ts";
import type { TraceHop, TraceMethod } from "./trace_hop.ts";
import { IcmpTracer } from "./trace_icmp.ts";
import { TcpTracer } from "./trace_tcp.ts";
import { UdpTracer } from "./trace_udp.ts";
import type { Tracer, TracerAsks } from "./tracer.ts";
import {
  type TracerouteAsks,
  tracerouteAsks,
  type TracerouteOptions,
} from "./traceroute_options.ts";
import { Vigil } from "../vigil.ts";

/** What is tried again when the kernel had no room for it. */
const NO_ROOM_MS = 1;

/**
 * Finds the way to a host: sends packets that only so many routers may pass on, and the last of them
 * says who he is, rfc792. UDP and TCP take no right at all, since the kernel tells what routers say
 * by the sockets' error queues, `IP_RECVERR` of ip(7).
 *
 * The kernel finds out which packet of ours a message is about, and looks at its addresses and ports
 * or its identifier alone: what routers and NAT change does not matter.
 *
 * Times are the kernel's where it tells them, see {@linkcode RoundTripClock}: with UDP and ICMP when
 * a packet left and when the answer came, with TCP of connections that were accepted.
 *
 * @param target The name or the address of the host
 * @param options By what, how far and how long
 * @returns Each hop, nearest first: it ends at the target, where somebody says that it goes no
 * further, or at `maxHops`
 * @throws {RawAccessError} With `icmp`, if we may have neither a raw socket nor a ping socket
 * @throws {SyscallError} `ENODEV` if there is no such interface, `EADDRNOTAVAIL` if this machine has no
 * such address
 * @throws {Error} As node:dns has them, if the name is not known
 * @throws {TypeError | RangeError} If an option is not as described
 * @throws The signal's reason
 *
 * @example Usage
 * ```ts
 * import { traceroute } from "@posixly/raw";
 *
 * for await (const { distance, answers, reached } of traceroute("127.0.0.1")) {
 *   const routers = new Set(answers.map(({ from }) => from ?? "*"));
 *   console.log(distance, ...routers, reached ? "which is the target" : "");
 * }
 * ```
 */
export function traceroute(
  target: string,
  options: TracerouteOptions = {},
): AsyncGenerator<TraceHop, void, void> {
  return hops(target, tracerouteAsks(options));
}

async function* hops(
  name: string,
  asks: TracerouteAsks,
): AsyncGenerator<TraceHop, void, void> {
  const { family, signal, method } = asks;
  signal?.throwIfAborted();
  const target = await addressOfHost(name, family, signal);
  using vigil = new Vigil(signal);
  using tracer = tracerBy(method, { target, vigil, ...asks });
  const trace = new Trace(target.family, asks);
  for (;;) {
    const hasRoom = trace.send(tracer);
    const hasMore = tracer.take(trace);
    trace.expire(performance.now());
    yield* trace.complete();
    if (trace.isOver) return;
    const next = hasRoom ? trace.nextDeadline : performance.now() + NO_ROOM_MS;
    await vigil.until(hasMore || trace.canSend && hasRoom ? 0 : next);
  }
}

function tracerBy(method: TraceMethod, asks: TracerAsks): Tracer {
  if (method === "icmp") return new IcmpTracer(asks);
  return method === "udp" ? new UdpTracer(asks) : new TcpTracer(asks);
}

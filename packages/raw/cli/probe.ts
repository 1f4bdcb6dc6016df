import { probe, type ProbedPort } from "../tools/probe.ts";
import type { ProbeOptions } from "../tools/probe_options.ts";
import {
  asUsage,
  type Command,
  DONE,
  familyIn,
  flight,
  NOBODY,
  parsed,
  secondsIn,
  untilInterrupted,
  UsageError,
  wholeIn,
} from "./command.ts";

const help = `Usage: raw probe HOST PORTS [options]

Finds out at which ports of TCP somebody listens, by SYNs: no connection is established. PORTS are
such as 22,80,8000-8100, or "all". It takes CAP_NET_RAW.

Ask only machines that are yours, or whose owner has agreed.

  -W, --timeout=SECONDS  for an answer; 1 by default
  -r, --retries=N        how often more a port is asked that does not answer; 1 by default
  -R, --rate=N           packets per second; 1000 by default
  -a, --all              print closed ports as well
  -4, --ipv4             \\ which version of IP
  -6, --ipv6             /
  -i, --interface=NAME   the interface to send by
  -S, --source=ADDRESS   our address to send from
  -j, --json             print JSON, one line for each port as it is known
  -h, --help             print this

"filtered" is no answer, or somebody on the way who says that it does not get there. A host that
limits its answers looks so, too: ask it more slowly.
It ends with 0 if a port is open, with 1 if none is, with 2 if it cannot be done.
`;

/** What was asked for. */
export interface ProbeCommand {
  readonly host: string;
  readonly ports: readonly number[];
  readonly options: ProbeOptions;
  readonly all: boolean;
  readonly json: boolean;
}

/** Reads the arguments. */
export function readProbe(args: readonly string[]): ProbeCommand {
  const { values, positionals } = parsed(args, {
    timeout: { type: "string", short: "W" },
    retries: { type: "string", short: "r" },
    rate: { type: "string", short: "R" },
    all: { type: "boolean", short: "a" },
    ipv4: { type: "boolean", short: "4" },
    ipv6: { type: "boolean", short: "6" },
    interface: { type: "string", short: "i" },
    source: { type: "string", short: "S" },
    json: { type: "boolean", short: "j" },
  });
  const [host, ...ports] = positionals;
  if (ports.length === 0) throw new UsageError("probe takes a host and ports");
  return {
    host,
    ports: ports.flatMap(portsIn),
    all: values.all ?? false,
    json: values.json ?? false,
    options: {
      timeout: secondsIn(values.timeout, "--timeout"),
      retries: wholeIn(values.retries, "--retries"),
      rate: wholeIn(values.rate, "--rate"),
      order: values.json ? "answer" : "port",
      family: familyIn(values),
      interface: values.interface,
      address: values.source,
    },
  };
}

const LAST = 65_535;

/** The ports of a list such as `22,80,8000-8100`. */
export function portsIn(text: string): number[] {
  if (text === "all") return range(1, LAST);
  return text.split(",").flatMap((part) => {
    const [, first, last = first] = part.match(/^(\d+)(?:-(\d+))?$/) ?? [];
    const [from, to] = [Number(first), Number(last)];
    if (from >= 1 && to <= LAST && from <= to) return range(from, to);
    throw new UsageError(
      `ports are numbers from 1 to ${LAST} such as 22,80-90, not ${JSON.stringify(part)}`,
    );
  });
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

/** A port in a line. */
export function showPort({ port, state, rtt, clock, refusal }: ProbedPort): string {
  const why = refusal === undefined ? "" : ` ${refusal.from ?? "this machine"}: ${refusal.reason}`;
  const time = rtt === undefined ? "" : ` time${flight(rtt, clock!)}`;
  return `${`${port}/tcp`.padEnd(9)} ${state}${time}${why}`;
}

export const probeCommand: Command = {
  help,
  async run(args, terminal) {
    const { host, ports, options, all, json } = readProbe(args);
    const probing = asUsage(() => probe(host, ports, { ...options, signal: terminal.signal }));
    const counts = { open: 0, closed: 0, filtered: 0 };
    await untilInterrupted(async () => {
      for await (const port of probing) {
        counts[port.state]++;
        if (json) terminal.json({ kind: "port", ...port });
        else if (all || port.state !== "closed") terminal.print(`${showPort(port)}\n`);
      }
    });
    const { open, closed, filtered } = counts;
    if (json) terminal.json({ kind: "summary", ...counts });
    else terminal.print(`${open} open, ${closed} closed, ${filtered} filtered\n`);
    return open > 0 ? DONE : NOBODY;
  },
};

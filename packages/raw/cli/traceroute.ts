import { addressOfHost } from "../tools/host.ts";
import type { TraceAnswer, TraceHop, TraceMethod } from "../tools/trace_hop.ts";
import { traceroute } from "../tools/traceroute.ts";
import type { TracerouteOptions } from "../tools/traceroute_options.ts";
import {
  asUsage,
  type Command,
  DONE,
  familyIn,
  milliseconds,
  NOBODY,
  parsed,
  secondsIn,
  untilInterrupted,
  UsageError,
  wholeIn,
} from "./command.ts";

const help = `Usage: raw traceroute HOST [options]

Finds the way to a host. By UDP and TCP it takes no right at all.

  -U, --udp              send datagrams, as by default
  -I, --icmp             send echo requests
  -T, --tcp              begin connections
  -p, --port=PORT        the first port of UDP, 33434 by default; the port of TCP, 80 by default
  -f, --first=N          how far to begin; 1 by default
  -m, --max-hops=N       how far to look; 30 by default
  -q, --queries=N        how many packets for each hop; 3 by default
  -w, --wait=SECONDS     for an answer; 3 by default
  -N, --parallel=N       how many packets at once; 16 by default
  -s, --size=BYTES       how much each carries; 32 by default
  -4, --ipv4             \\ which version of IP
  -6, --ipv6             /
  -i, --interface=NAME   the interface to send by
  -S, --source=ADDRESS   our address to send from
  -j, --json             print JSON, one line for each hop
  -h, --help             print this

"*" is no answer. !H, !N, !P: host, network, protocol unreachable; !X: prohibited; !F: too long.
Times are taken by the kernel. Those after "<" are, in part, this program's: those of --tcp, and of
what comes back before the kernel has begun to take times.
It ends with 0 if the host was reached, with 1 if not, with 2 if it cannot be done.
`;

/** What was asked for. */
export interface TracerouteCommand {
  readonly target: string;
  readonly options: TracerouteOptions;
  readonly json: boolean;
}

/** Reads the arguments. */
export function readTraceroute(args: readonly string[]): TracerouteCommand {
  const { values, positionals } = parsed(args, {
    udp: { type: "boolean", short: "U" },
    icmp: { type: "boolean", short: "I" },
    tcp: { type: "boolean", short: "T" },
    port: { type: "string", short: "p" },
    first: { type: "string", short: "f" },
    "max-hops": { type: "string", short: "m" },
    queries: { type: "string", short: "q" },
    wait: { type: "string", short: "w" },
    parallel: { type: "string", short: "N" },
    size: { type: "string", short: "s" },
    ipv4: { type: "boolean", short: "4" },
    ipv6: { type: "boolean", short: "6" },
    interface: { type: "string", short: "i" },
    source: { type: "string", short: "S" },
    json: { type: "boolean", short: "j" },
  });
  if (positionals.length !== 1) throw new UsageError("traceroute takes one host");
  const methods = (["udp", "icmp", "tcp"] as const).filter((method) => values[method]);
  if (methods.length > 1) throw new UsageError("--udp, --icmp and --tcp exclude each other");
  return {
    target: positionals[0],
    json: values.json ?? false,
    options: {
      method: methods[0],
      port: wholeIn(values.port, "--port"),
      firstHop: wholeIn(values.first, "--first"),
      maxHops: wholeIn(values["max-hops"], "--max-hops"),
      queries: wholeIn(values.queries, "--queries"),
      timeout: secondsIn(values.wait, "--wait"),
      parallel: wholeIn(values.parallel, "--parallel"),
      size: wholeIn(values.size, "--size"),
      family: familyIn(values),
      interface: values.interface,
      address: values.source,
    },
  };
}

/** A hop as traceroute(8) shows it: an address is not said twice in a row. */
export function showHop({ distance, answers }: TraceHop): string {
  let last: string | null = null;
  const parts = answers.map((answer) => {
    const isSame = answer.from === last;
    last = answer.from;
    return showAnswer(answer, isSame);
  });
  return `${String(distance).padStart(2)}  ${parts.join("  ")}`;
}

function showAnswer({ from, rtt, clock, note, refusal }: TraceAnswer, isSame: boolean): string {
  if (from === null) return refusal === undefined ? "*" : `${note} ${refusal.reason}`;
  // One that was not taken by the kernel is never less than the truth.
  const time = `${clock === "kernel" ? "" : "<"}${milliseconds(rtt!)} ms${note && ` ${note}`}`;
  return isSame ? time : `${from}  ${time}`;
}

export const tracerouteCommand: Command = {
  help,
  async run(args, terminal) {
    const { target, options, json } = readTraceroute(args);
    const { signal } = terminal;
    let reached = false;
    await untilInterrupted(async () => {
      // A name may have several addresses: the one that is told is the one that is looked for.
      const found = await addressOfHost(target, options.family, signal);
      const { host } = found;
      const address = found.family === "ipv6" && found.scope ? `${host}%${found.scope}` : host;
      const hops = asUsage(() => traceroute(address, { ...options, signal }));
      if (!json) {
        const { maxHops = 30, method = "udp" as TraceMethod } = options;
        terminal.print(`traceroute to ${target} (${host}) by ${method}, ${maxHops} hops at most\n`);
      }
      for await (const hop of hops) {
        reached = hop.reached;
        if (json) terminal.json(hop);
        else terminal.print(`${showHop(hop)}\n`);
      }
    });
    return reached ? DONE : NOBODY;
  },
};

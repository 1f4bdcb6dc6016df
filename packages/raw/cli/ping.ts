import { ping } from "../tools/ping.ts";
import type { EchoEvent } from "../tools/ping_event.ts";
import type { PingOptions } from "../tools/ping_options.ts";
import type { PingStatistics } from "../tools/ping_statistics.ts";
import {
  asUsage,
  type Command,
  DONE,
  FAILED,
  familyIn,
  flight,
  milliseconds,
  NOBODY,
  parsed,
  secondsIn,
  untilInterrupted,
  UsageError,
  wholeIn,
} from "./command.ts";

const help = `Usage: raw ping HOST... [options]

Pings one host, or many at once.

  -c, --count=N          end after so many requests to each
  -i, --interval=SECONDS between two requests to the same host; 1 by default
  -W, --timeout=SECONDS  until an answer is late; 2 by default
  -s, --size=BYTES       how much is to come back; 56 by default
  -t, --ttl=N            how many routers may pass it on
  -F, --whole            it must not be parted into fragments
  -b, --broadcast        a broadcast address is meant
  -4, --ipv4             \\ which version of IP
  -6, --ipv6             /
  -I, --interface=NAME   the interface to send by
  -S, --source=ADDRESS   our address to send from
      --way=raw|ping     the kind of socket; by default a raw one if that is permitted
  -q, --quiet            print the summary alone
  -j, --json             print JSON, one line for each event
  -h, --help             print this

Times are taken by the kernel. Where they could not be, "<" stands for "=".
It ends with 0 if all hosts have answered, with 1 if not, with 2 if it cannot be done or the name of
one is not known.
`;

/** What was asked for. */
export interface PingCommand {
  readonly targets: readonly string[];
  readonly options: PingOptions;
  readonly json: boolean;
  readonly quiet: boolean;
}

/** Reads the arguments. */
export function readPing(args: readonly string[]): PingCommand {
  const { values, positionals } = parsed(args, {
    count: { type: "string", short: "c" },
    interval: { type: "string", short: "i" },
    timeout: { type: "string", short: "W" },
    size: { type: "string", short: "s" },
    ttl: { type: "string", short: "t" },
    whole: { type: "boolean", short: "F" },
    broadcast: { type: "boolean", short: "b" },
    ipv4: { type: "boolean", short: "4" },
    ipv6: { type: "boolean", short: "6" },
    interface: { type: "string", short: "I" },
    source: { type: "string", short: "S" },
    way: { type: "string" },
    quiet: { type: "boolean", short: "q" },
    json: { type: "boolean", short: "j" },
  });
  if (positionals.length === 0) throw new UsageError("ping takes a host, or several");
  return {
    targets: positionals,
    json: values.json ?? false,
    quiet: values.quiet ?? false,
    options: {
      count: wholeIn(values.count, "--count"),
      interval: secondsIn(values.interval, "--interval"),
      timeout: secondsIn(values.timeout, "--timeout"),
      size: wholeIn(values.size, "--size"),
      ttl: wholeIn(values.ttl, "--ttl"),
      dontFragment: values.whole,
      broadcast: values.broadcast,
      family: familyIn(values),
      interface: values.interface,
      address: values.source,
      way: values.way as PingOptions["way"],
    },
  };
}

/** An event as ping(8) shows it. */
export function showEvent(event: EchoEvent, isOneOfMany: boolean): string {
  const about = `seq=${event.sequence}`;
  const target = isOneOfMany && event.target !== event.host ? ` for ${event.target}` : "";
  switch (event.kind) {
    case "reply": {
      const { from, bytes, ttl, rtt, clock, duplicate, late } = event;
      const notes = `${duplicate ? " (duplicate)" : ""}${late ? " (late)" : ""}`;
      const hops = ttl === undefined ? "" : ` ttl=${ttl}`;
      return `${bytes} bytes from ${from}${target}: ${about}${hops} time${
        flight(rtt, clock)
      }${notes}`;
    }
    case "timeout":
      return `No answer from ${event.host}${target}: ${about}`;
    case "error": {
      const { from, reason, mtu, host } = event;
      const to = from === host ? target : ` about ${host}${target}`;
      const limit = mtu === undefined ? "" : ` (mtu ${mtu})`;
      return `From ${from ?? "this machine"}${to}: ${about} ${reason}${limit}`;
    }
  }
}

/** The summary of one target as ping(8) shows it. */
export function showStatistics(statistics: PingStatistics): string {
  const { target, sent, received, duplicates, late, errors } = statistics;
  const { minimum, average, maximum, deviation } = statistics;
  const lost = sent === 0 ? 0 : (sent - received) / sent * 100;
  const counts = [
    `${sent} sent`,
    `${received} received`,
    ...duplicates > 0 ? [`${duplicates} duplicates`] : [],
    ...late > 0 ? [`${late} late`] : [],
    ...errors > 0 ? [`${errors} errors`] : [],
    `${Number(lost.toFixed(1))}% lost`,
  ];
  const times = [minimum, average, maximum, deviation].filter((time) => time !== undefined);
  const rtt = times.length === 0
    ? ""
    : `rtt min/avg/max/mdev = ${times.map(milliseconds).join("/")} ms\n`;
  return `\n--- ${target} ---\n${counts.join(", ")}\n${rtt}`;
}

export const pingCommand: Command = {
  help,
  async run(args, terminal) {
    const { targets, options, json, quiet } = readPing(args);
    const pinging = asUsage(() => ping(targets, { ...options, signal: terminal.signal }));
    await untilInterrupted(async () => {
      for await (const event of pinging) {
        if (json) terminal.json(event);
        else if (event.kind === "unknown") terminal.note(`raw: ${event.target}: ${event.reason}\n`);
        else if (!quiet) terminal.print(`${showEvent(event, targets.length > 1)}\n`);
      }
    });
    const { statistics, unknown } = pinging;
    if (json) terminal.json({ kind: "summary", targets: statistics, unknown });
    else terminal.print(statistics.map(showStatistics).join(""));
    if (unknown.length > 0) return FAILED;
    const all = statistics.length > 0 && statistics.every(({ received }) => received > 0);
    return all ? DONE : NOBODY;
  },
};

import { clearInterval, setInterval } from "node:timers";
import { sniff } from "../tools/sniff.ts";
import type { SniffOptions } from "../tools/sniff_options.ts";
import type { SniffedPacket } from "../tools/sniffed_packet.ts";
import { asUsage, type Command, DONE, NOBODY, parsed } from "./command.ts";
import { type Terminal, untilInterrupted, UsageError, wholeIn } from "./command.ts";
import { Flows, showFlows } from "./flows.ts";
import { packetsOfFile } from "./read_file.ts";
import { asJson, showPacket } from "./show_packet.ts";

const help = `Usage: raw sniff [EXPRESSION...] [options]

Listens to what passes by and prints a line for each packet, in the manner of tcpdump. It takes
CAP_NET_RAW; with -r it takes nothing. EXPRESSION says which packets, as that of tcpdump, such as
"tcp port 80"; it takes libpcap.

Listen only to networks that are yours, or whose owner has agreed.

  -i, --interface=NAME   the interface; by default all of them
  -c, --count=N          end after so many packets
  -s, --snap-length=N    how many bytes of each to keep; by default all
  -P, --promiscuous      take what is for other machines as well
  -B, --buffer=MIB       how much the kernel keeps until it is read; 8 by default
  -r, --read=FILE        packets of a file, of pcap or pcapng; "-" is the standard input
  -w, --write=FILE       write them: pcap if it is called .pcap, else pcapng; "-" is the standard
                         output. Nothing is printed then, unless asked for
      --print            print them although they are written
  -e, --ethernet         print the header of Ethernet as well
  -T, --table            a table of who talks to whom, of the last 10000: in place at a terminal,
                         else once in the end
  -j, --json             print JSON, one line for each packet
  -h, --help             print this

It ends with 0 if there were packets, with 1 if not, with 2 if it cannot be done.
`;

/** What was asked for. */
export interface SniffCommand {
  readonly options: SniffOptions;
  readonly expression: string;
  readonly read: string | undefined;
  readonly write: string | undefined;
  readonly shows: "lines" | "json" | "table" | "nothing";
  readonly ethernet: boolean;
}

/** Reads the arguments. */
export function readSniff(args: readonly string[]): SniffCommand {
  const { values, positionals } = parsed(args, {
    interface: { type: "string", short: "i" },
    count: { type: "string", short: "c" },
    "snap-length": { type: "string", short: "s" },
    promiscuous: { type: "boolean", short: "P" },
    buffer: { type: "string", short: "B" },
    read: { type: "string", short: "r" },
    write: { type: "string", short: "w" },
    print: { type: "boolean" },
    ethernet: { type: "boolean", short: "e" },
    table: { type: "boolean", short: "T" },
    json: { type: "boolean", short: "j" },
  });
  const { read, write, print = false, json = false, table = false } = values;
  if (json && table) throw new UsageError("--json and --table exclude each other");
  if (write === "-" && (print || json || table)) {
    throw new UsageError("the standard output cannot have both the file and what is printed");
  }
  if (read !== undefined) {
    const live = ["interface", "snap-length", "promiscuous", "buffer"] as const;
    const given = live.find((name) => values[name] !== undefined);
    if (given !== undefined) throw new UsageError(`--read and --${given} exclude each other`);
  }
  const count = wholeIn(values.count, "--count");
  if (count === 0) throw new UsageError("--count takes a number from 1, not 0");
  return {
    expression: positionals.join(" "),
    ...{ read, write },
    shows: json ? "json" : table ? "table" : write !== undefined && !print ? "nothing" : "lines",
    ethernet: values.ethernet ?? false,
    options: {
      interface: values.interface,
      count,
      snapLength: wholeIn(values["snap-length"], "--snap-length"),
      promiscuous: values.promiscuous,
      buffer: wholeIn(values.buffer, "--buffer"),
    },
  };
}

/** Packets from wherever, and what is to be said in the end. */
interface Source extends AsyncIterable<SniffedPacket>, Disposable {
  readonly said: string;
}

function sourceFor(command: SniffCommand, terminal: Terminal): Source {
  const { options, expression: filter, read, write: to } = command;
  const write = to === "-" ? (bytes: Uint8Array) => terminal.print(bytes) : to;
  const { signal } = terminal;
  if (read !== undefined) {
    const { count } = options;
    return packetsOfFile(read, { filter, count, write, signal });
  }
  const packets = asUsage(() => sniff({ ...options, filter, write, signal }));
  return {
    [Symbol.asyncIterator]: () => packets[Symbol.asyncIterator](),
    [Symbol.dispose]: () => packets.close(),
    get said() {
      const { packets: passed, drops } = packets.statistics();
      return `, ${passed} passed the filter, ${drops} lost for want of room`;
    },
  };
}

/** How often the table is drawn anew. */
const DRAWN_MS = 500;

export const sniffCommand: Command = {
  help,
  async run(args, terminal) {
    const command = readSniff(args);
    using source = sourceFor(command, terminal);
    const flows = new Flows();
    const draw = () => terminal.print(`\x1b[H\x1b[2J${showFlows(flows, terminal.lines)}`);
    const isLive = command.shows === "table" && terminal.lines !== undefined;
    const drawing = isLive ? setInterval(draw, DRAWN_MS) : undefined;
    let count = 0;
    try {
      await untilInterrupted(async () => {
        for await (const packet of source) {
          count++;
          if (command.shows === "table") flows.add(packet);
          else if (command.shows === "json") terminal.json(asJson(packet));
          else if (command.shows === "lines") terminal.print(`${showPacket(packet, command)}\n`);
        }
      });
    } finally {
      clearInterval(drawing);
    }
    if (isLive) draw();
    else if (command.shows === "table") terminal.print(showFlows(flows));
    terminal.note(`${count} packets${source.said}\n`);
    return count > 0 ? DONE : NOBODY;
  },
};

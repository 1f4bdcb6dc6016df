#!/usr/bin/env node
/**
 * The command `raw`, which pings, finds ways, probes ports and listens to packets:
 * `npx @posixly/raw ping|traceroute|probe|sniff`, or `deno run -A jsr:@posixly/raw/cli ping`.
 *
 * @module
 */
import process from "node:process";
import {
  type Command,
  FAILED,
  INTERRUPTED,
  jsonLine,
  type Terminal,
  UsageError,
} from "./command.ts";

const HELP = `Usage: raw COMMAND [arguments]

  ping        ask hosts whether they are there, and how far they are
  traceroute  find the way to a host
  probe       find out which ports of TCP are open
  sniff       listen to packets, or read them of a file

"raw COMMAND --help" tells more. Raw packets take CAP_NET_RAW; what can do without does.
`;

/** Each is loaded when it is wanted. */
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  ping: async () => (await import("./ping.ts")).pingCommand,
  traceroute: async () => (await import("./traceroute.ts")).tracerouteCommand,
  probe: async () => (await import("./probe.ts")).probeCommand,
  sniff: async () => (await import("./sniff.ts")).sniffCommand,
};

const controller = new AbortController();
const interrupt = () => controller.abort(INTERRUPTED);
const signals = ["SIGINT", "SIGTERM"] as const;
for (const signal of signals) process.once(signal, interrupt);

// Who reads what is printed, such as head(1), may have enough of it; a full disk is a failure.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: Error & { readonly code?: string }) => {
    if (error.code !== "EPIPE" && process.exitCode !== FAILED) {
      process.exitCode = FAILED;
      tell(error);
    }
    interrupt();
  });
}

const terminal: Terminal = {
  print: (text) => void process.stdout.write(text),
  json: (value) => void process.stdout.write(jsonLine(value)),
  note: (text) => void process.stderr.write(text),
  signal: controller.signal,
  get lines() {
    return process.stdout.isTTY ? process.stdout.rows ?? 24 : undefined;
  },
};

const [name, ...rest] = process.argv.slice(2);
try {
  const status = await run(name, rest);
  process.exitCode ??= status;
} catch (error) {
  process.exitCode = FAILED;
  if (error !== INTERRUPTED) tell(error as Error);
} finally {
  for (const signal of signals) process.off(signal, interrupt);
}

async function run(name: string | undefined, args: readonly string[]): Promise<number> {
  if (name === undefined) throw new UsageError("a command is missing");
  if (name === "--help" || name === "-h") {
    terminal.print(HELP);
    return 0;
  }
  if (!Object.hasOwn(commands, name)) {
    throw new UsageError(`there is no command ${JSON.stringify(name)}`);
  }
  const { help, run } = await commands[name]();
  if (args.some((arg) => arg === "--help" || arg === "-h")) {
    terminal.print(help);
    return 0;
  }
  return await run(args, terminal);
}

/** Says what is wrong in a line. What helps is told to people, who see it at a terminal. */
function tell(error: Error): void {
  const { remedies = [] } = error as { remedies?: readonly string[] };
  const [line] = error.message.split(/\. One of these helps:\n|\n/, 1);
  const hint = error instanceof UsageError ? " (--help tells more)" : "";
  terminal.note(`raw: ${line}${hint}\n`);
  if (process.stderr.isTTY) { for (const remedy of remedies) terminal.note(`  - ${remedy}\n`); }
}

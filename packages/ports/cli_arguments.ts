import { parseArgs } from "node:util";

/** What is printed by `--help`. */
export const HELP = `Usage: ports [PORT...] [options]

Shows the range of ephemeral ports, how much of it is used and by what, where the connections go,
and what the settings mean. With a port, or several: who has it.

  -w, --watch[=SECONDS]  look again and again, by default once a second
  -j, --json             print JSON, one line for each look
  -h, --help             print this

It ends with 1 if nobody has the ports that are asked for. What the processes of others have open,
only root is told.
`;

/** What was asked for at the command line. */
export interface ShowCommand {
  /** Whose holders are asked for; none for an overview. */
  readonly ports: readonly number[];
  readonly json: boolean;
  /** Seconds between two looks; `undefined` for one look. */
  readonly every: number | undefined;
}

/** What was wrong at the command line; the message is one line. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/**
 * Reads the arguments of the command.
 *
 * @returns What was asked for; `null` is help
 * @throws {UsageError} If they make no sense
 */
export function readArguments(args: readonly string[]): ShowCommand | null {
  const { values, positionals } = parsed(args.map((arg) => (
    arg === "--watch" || arg === "-w" ? "--watch=1" : arg
  )));
  if (values.help) return null;
  return {
    ports: positionals.map(portIn),
    json: values.json ?? false,
    every: values.watch === undefined ? undefined : secondsIn(values.watch),
  };
}

function parsed(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        watch: { type: "string" },
        json: { type: "boolean", short: "j" },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message.split(/[.\n]/, 1)[0]);
  }
}

function portIn(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port >= 1 && port <= 65_535) return port;
  throw new UsageError(`a port is a number from 1 to 65535, not ${JSON.stringify(text)}`);
}

function secondsIn(text: string): number {
  const seconds = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && seconds >= 0.1 && seconds <= 86_400) return seconds;
  throw new UsageError(`--watch takes seconds from 0.1 to 86400, not ${JSON.stringify(text)}`);
}

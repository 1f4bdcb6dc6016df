import { parseArgs } from "node:util";
import type { ServeStaticOptions } from "./http/mod.ts";

/** What is printed by `--help`. */
export const HELP = `Usage: zerocopy serve [DIR] [options]

Serves the files of a folder, by default this one, over HTTP. They go from the page cache to the
network without passing through this program.

  -p, --port PORT          where to listen, by default 8080; 0 lets the kernel choose
      --host ADDRESS       by default 127.0.0.1; "::" is for everybody, or unix:PATH for a proxy
      --log                print each request when it is over
      --progress           show what is being sent, once a second, on standard error
      --symlinks POLICY    which links are followed: beneath (the default), never, follow
      --dotfiles           show names that begin with a dot
      --index NAME         what a folder is answered by, by default index.html; again for others
      --precompressed      send a.js.br, a.js.zst or a.js.gz for a.js to who takes it
      --cache SECONDS      how long clients may keep what they have got
      --cors               let pages of other sites read it
      --max-connections N  let others wait while there are so many
  -h, --help               print this

It ends on SIGINT and SIGTERM when what is under way has been sent, and on a second one at once.
`;

/** What was asked for at the command line. */
export interface ServeCommand {
  readonly folder: string;
  readonly options: ServeStaticOptions;
  /** Whether to print each request, and what is being sent. */
  readonly log: boolean;
  readonly progress: boolean;
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
export function readArguments(args: string[]): ServeCommand | null {
  const { values, positionals } = parsed(args);
  if (values.help) return null;
  const [command, folder = ".", ...others] = positionals;
  if (command === undefined) throw new UsageError("a command is missing: serve");
  if (command !== "serve") {
    throw new UsageError(`there is no command ${quote(command)}, only serve`);
  }
  if (others.length > 0) {
    throw new UsageError(`one folder is served, and not ${quote(others[0])} too`);
  }
  return {
    folder,
    options: {
      address: addressOf(values.host ?? "127.0.0.1", values.port),
      symlinks: policy(values.symlinks),
      dotfiles: values.dotfiles ? "allow" : "deny",
      precompressed: values.precompressed ?? false,
      headers: values.cors ? { "Access-Control-Allow-Origin": "*" } : {},
      ...values.index && { index: values.index },
      ...values.cache !== undefined && {
        cacheControl: `public, max-age=${number(values.cache, "--cache", 0, 2 ** 31 - 1)}`,
      },
      ...values["max-connections"] !== undefined && {
        maxConnections: number(values["max-connections"], "--max-connections", 1, 2 ** 31 - 1),
      },
    },
    log: values.log ?? false,
    progress: values.progress ?? false,
  };
}

function parsed(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        port: { type: "string", short: "p" },
        host: { type: "string" },
        log: { type: "boolean" },
        progress: { type: "boolean" },
        symlinks: { type: "string" },
        dotfiles: { type: "boolean" },
        index: { type: "string", multiple: true },
        precompressed: { type: "boolean" },
        cache: { type: "string" },
        cors: { type: "boolean" },
        "max-connections": { type: "string" },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message.split(/[.\n]/, 1)[0]);
  }
}

function addressOf(host: string, port: string | undefined): string {
  if (host.startsWith("unix:")) {
    if (port !== undefined) throw new UsageError("a path has no port");
    return host;
  }
  const bare = host === "localhost" ? "127.0.0.1" : host.replace(/^\[(.*)\]$/, "$1");
  const number_ = number(port ?? "8080", "--port", 0, 65_535);
  return bare.includes(":") ? `[${bare}]:${number_}` : `${bare}:${number_}`;
}

function policy(text = "beneath"): ServeStaticOptions["symlinks"] {
  if (text === "beneath" || text === "never" || text === "follow") return text;
  throw new UsageError(`--symlinks must be beneath, never or follow, not ${quote(text)}`);
}

function number(text: string, name: string, least: number, most: number): number {
  const value = Number(text);
  if (/^[0-9]+$/.test(text) && value >= least && value <= most) return value;
  throw new UsageError(
    `${name} must be a whole number from ${least} to ${most}, not ${quote(text)}`,
  );
}

function quote(text: string): string {
  return JSON.stringify(text);
}

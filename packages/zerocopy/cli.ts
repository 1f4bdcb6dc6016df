#!/usr/bin/env node
/**
 * The command `zerocopy`, which serves the files of a folder: `npx @posixly/zerocopy serve DIR`, or
 * `deno run --allow-ffi jsr:@posixly/zerocopy/cli serve DIR`.
 *
 * @module
 */
import process from "node:process";
import { clearInterval, setInterval } from "node:timers";
import { formatAddress } from "@posixly/socket";
import { HELP, readArguments, type ServeCommand, UsageError } from "./cli_arguments.ts";
import { type FinishedExchange, serveStatic, type StaticServer } from "./http/mod.ts";

/** What a command that is wrong, or cannot be done, ends with. */
const FAILURE = 2;

process.stdout.on("error", unwritten);
process.stderr.on("error", () => {}); // nobody is left who would be told

try {
  const command = readArguments(process.argv.slice(2));
  if (command === null) print(HELP);
  else await serve(command);
} catch (error) {
  fail(error as Error);
}

/** Prints; Deno throws at once what Node tells as an event. */
function print(text: string): void {
  try {
    process.stdout.write(text);
  } catch (error) {
    unwritten(error as Error);
  }
}

/**
 * Who reads what is printed may have enough of it, or a disk is full. The server goes on; of a log
 * that is not whole it is told once, and in the end.
 */
function unwritten(error: Error & { readonly code?: string }): void {
  if (error.code !== "EPIPE" && process.exitCode !== FAILURE) fail(error);
}

/** Says what is wrong in a line. */
function fail(error: Error): void {
  const hint = error instanceof UsageError ? " (--help tells more)" : "";
  process.stderr.write(`zerocopy: ${error.message}${hint}\n`);
  process.exitCode = FAILURE;
}

/** Serves until a signal says that it is enough. */
async function serve({ folder, options, log, progress }: ServeCommand): Promise<void> {
  const server = serveStatic(folder, { ...options, ...log && { onFinish: note } });
  const close = () => void server.close({ timeout: server.closing ? 0 : undefined });
  const signals = ["SIGINT", "SIGTERM"] as const;
  for (const signal of signals) process.on(signal, close);
  process.stderr.write(`Serving ${folder} at ${server.url ?? formatAddress(server.address)}\n`);
  const showing = progress ? show(server) : undefined;
  await server.ended;
  clearInterval(showing);
  for (const signal of signals) process.off(signal, close);
}

/** Prints a line of the access log. */
function note(exchange: FinishedExchange): void {
  const { remoteAddress, method, target, status, bytes, length, duration, end } = exchange;
  const from = remoteAddress === null ? "-" : formatAddress(remoteAddress);
  const sent = bytes === length ? `${bytes}` : `${bytes}/${length}`;
  const request = method === "" ? "-" : `"${method} ${target}"`;
  const time = new Date().toISOString();
  print(`${time} ${from} ${request} ${status} ${sent} ${duration.toFixed(1)}ms ${end}\n`);
}

/** Shows what is being sent, once a second: in place at a terminal, else whenever there is something. */
function show(server: StaticServer): ReturnType<typeof setInterval> {
  let before = 0;
  return setInterval(() => {
    const { connections, requests } = server.stats;
    const transfers = [...server.transfers()];
    const bytes = server.stats.bytes + transfers.reduce((sum, { sent }) => sum + sent, 0);
    const lines = transfers.filter(({ length }) => length > 0).slice(0, 3).map((
      { target, sent, length },
    ) => `${target} ${Math.floor(sent / length * 100)}%`);
    const rate = Math.max(0, bytes - before);
    before = bytes;
    const text = [
      `${connections} connections, ${requests} requests, ${size(bytes)}, ${size(rate)}/s`,
      ...lines,
    ].join("; ");
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
    else if (rate > 0) process.stderr.write(`${text}\n`);
  }, 1000);
}

function size(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  const power = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), units.length - 1);
  return `${(bytes / 1000 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`;
}

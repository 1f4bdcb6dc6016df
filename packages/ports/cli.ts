#!/usr/bin/env node
/**
 * The command `ports`, which shows how ports are used and who has one: `npx @posixly/ports`, or
 * `deno run --allow-ffi jsr:@posixly/ports/cli`.
 *
 * @module
 */
import process from "node:process";
import { setTimeout as pause } from "node:timers/promises";
import { HELP, readArguments, type ShowCommand, UsageError } from "./cli_arguments.ts";
import { holdersOf, overview } from "./overview.ts";
import { showHolders, showOverview } from "./report.ts";

/** What a command that is wrong, or cannot be done, ends with. */
const FAILURE = 2;

/** What it ends with if nobody has the port, as grep(1) if nothing is found. */
const NOBODY = 1;

// Who reads what is printed, such as head(1), may have enough of it; a full disk is a failure.
process.stdout.on("error", (error: Error & { readonly code?: string }) => {
  if (error.code !== "EPIPE") fail(error);
  process.exit();
});

try {
  const command = readArguments(process.argv.slice(2));
  if (command === null) process.stdout.write(HELP);
  else if (command.every === undefined) process.stdout.write(look(command));
  else await watch(command, command.every);
} catch (error) {
  fail(error as Error);
}

/** Says what is wrong in a line. */
function fail(error: Error): void {
  const hint = error instanceof UsageError ? " (--help tells more)" : "";
  process.stderr.write(`ports: ${error.message}${hint}\n`);
  process.exitCode = FAILURE;
}

/** What there is to show now. */
function look({ ports, json }: ShowCommand): string {
  if (ports.length === 0) {
    const found = overview();
    return json ? `${JSON.stringify(found)}\n` : showOverview(found);
  }
  const holders = ports.flatMap((port) => holdersOf(port));
  process.exitCode = holders.length === 0 ? NOBODY : 0;
  return json ? `${JSON.stringify(holders)}\n` : showHolders(ports, holders);
}

/** Shows it again and again: in place at a terminal, else one after the other. */
async function watch(command: ShowCommand, seconds: number): Promise<void> {
  for (;;) {
    const isTable = process.stdout.isTTY && !command.json;
    process.stdout.write((isTable ? "\x1b[H\x1b[2J\x1b[3J" : "") + look(command));
    await pause(seconds * 1000);
  }
}

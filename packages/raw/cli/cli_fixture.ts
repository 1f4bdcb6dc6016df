import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { type Finished, type FreshOptions, runFresh, runtimeArguments } from "@posixly/testing";
import { type Command, jsonLine } from "./command.ts";

/** The command; compiled or not, it lies beside this file. */
export const main: URL = new URL(import.meta.url.replace("cli_fixture", "main"));

/** Runs it to its end. */
export function raw(command: string, options: FreshOptions = {}): Promise<Finished> {
  return runFresh(main, { args: command.split(" "), ...options });
}

/** Runs a command within this process, which is sooner done: what it prints, and its exit status. */
export async function here(
  command: Command,
  args: string,
): Promise<Pick<Finished, "status" | "stdout" | "stderr">> {
  let [stdout, stderr] = ["", ""];
  const status = await command.run(args.split(" "), {
    print: (text) => void (stdout += text),
    json: (value) => void (stdout += jsonLine(value)),
    note: (text) => void (stderr += text),
    signal: new AbortController().signal,
    lines: undefined,
  });
  return { status, stdout, stderr };
}

/** The values of lines of JSON. */
export function lines(text: string): Record<string, unknown>[] {
  return text.trimEnd().split("\n").map((line) => JSON.parse(line));
}

/** A command that goes on until it is told to end, and what it has said. */
export class Running {
  readonly #child;
  #said = "";

  constructor(command: string) {
    const args = [...runtimeArguments(), fileURLToPath(main), ...command.split(" ")];
    const env = { ...process.env, NO_COLOR: "1" };
    const stdio = ["ignore", "pipe", "pipe"] as ["ignore", "pipe", "pipe"];
    this.#child = spawn(`/proc/${process.pid}/exe`, args, { env, stdio });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => this.#said += text);
    }
  }

  /** Waits until it has said something. */
  async until(pattern: RegExp): Promise<void> {
    const ended = once(this.#child, "close").then(() => assert.fail(this.#said));
    while (!pattern.test(this.#said)) {
      const more = [this.#child.stdout, this.#child.stderr].map((stream) => once(stream, "data"));
      await Promise.race([...more, ended]);
    }
    ended.catch(() => {}); // it will, later
  }

  /** Ends it as Ctrl-C does. */
  async interrupt(): Promise<{ status: number; said: string }> {
    const closed = once(this.#child, "close");
    process.kill(this.#child.pid!, "SIGINT");
    const [status] = await closed;
    return { status, said: this.#said };
  }
}

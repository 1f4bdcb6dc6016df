import { type ReadAllOptions, signalOf, unlessAborted, type WaitOptions } from "@posixly/mux";
import { type Bytes, requireBytes, requireInteger, requireKnown } from "@posixly/sys";
import type { ChildEnds } from "./child_ends.ts";
import type { PipeReader } from "./reader.ts";
import type { ExitStatus } from "./running.ts";
import type { SpawnOptions } from "./spawn_options.ts";
import type { PipeWriter } from "./writer.ts";

/**
 * How to talk to a child, see {@linkcode Child.communicate}.
 *
 * @example Usage
 * ```ts
 * import { type CommunicateOptions, spawn } from "@posixly/pipe";
 * import assert from "node:assert/strict";
 *
 * const hello: CommunicateOptions = { input: "Hello", limit: 100 };
 * const child = spawn("tr", ["l", "L"], { stdin: "pipe", stdout: "pipe" });
 * const { stdout } = await child.communicate(hello);
 * assert.equal(new TextDecoder().decode(stdout), "HeLLo");
 * ```
 */
export interface CommunicateOptions extends ReadAllOptions {
  /** What it reads, before its input ends. Text is sent as UTF-8. */
  readonly input?: string | Bytes;
}

/** What was read, if there is a pipe. */
type Text<Asked> = Asked extends "pipe" ? Uint8Array<ArrayBuffer> : null;

/**
 * What came of it, see {@linkcode Child.communicate}.
 *
 * @example Usage
 * ```ts
 * import { type Communicated, spawn } from "@posixly/pipe";
 * import assert from "node:assert/strict";
 *
 * const all: Communicated = await spawn("echo", ["Hello"], { stdout: "pipe" }).communicate();
 * assert.deepEqual([all.stdout?.length, all.stderr, all.status.code], [6, null, 0]);
 * ```
 */
export interface Communicated<O extends SpawnOptions = SpawnOptions> {
  /** What it wrote; `null` if that is no pipe. */
  readonly stdout: Text<O["stdout"]>;
  /** What it complained; `null` if that is no pipe. */
  readonly stderr: Text<O["stderr"]>;
  /** How it ended. */
  readonly status: ExitStatus;
}

/** Feeds a child, collects what it says and waits for its end, all at the same time. */
export async function communicate<O extends SpawnOptions>(
  child: ChildEnds<O> & { readonly exited: Promise<ExitStatus> },
  options: CommunicateOptions,
): Promise<Communicated<O>> {
  requireKnown(options, ["input", "limit", "signal", "timeout"]);
  const { limit = Infinity, signal: given, timeout } = options;
  const input = bytesOf(options.input);
  const signal = signalOf({ signal: given, timeout });
  if (limit !== Infinity) requireInteger(limit, "limit", 0, Number.MAX_SAFE_INTEGER);
  const stdin: PipeWriter | null = child.stdin;
  const [stdout, stderr]: (PipeReader | null)[] = [child.stdout, child.stderr];
  if (input !== undefined && stdin === null) {
    throw new TypeError('there is input, but the child was not given stdin: "pipe"');
  }
  try {
    const [, said, complained, status] = await Promise.all([
      stdin && feed(stdin, input, { signal }),
      stdout && stdout.readAll({ signal, limit }),
      stderr && stderr.readAll({ signal, limit }),
      unlessAborted(child.exited, signal),
    ]);
    return { stdout: said, stderr: complained, status } as Communicated<O>;
  } finally {
    // If one of them failed, this ends the others as well.
    for (const end of [stdin, stdout, stderr]) end?.close();
  }
}

function bytesOf(input: string | Bytes | undefined): Bytes | undefined {
  if (typeof input === "string") return new TextEncoder().encode(input);
  return input === undefined ? undefined : requireBytes(input, "input");
}

async function feed(stdin: PipeWriter, input: Bytes | undefined, options: WaitOptions) {
  try {
    if (input !== undefined) await stdin.write(input, options);
  } catch (error) {
    if ((error as { code?: string }).code !== "EPIPE") throw error; // it need not read all
  }
  stdin.close();
}

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

/** How a fresh process is started, see {@linkcode runFresh}. */
export interface FreshOptions {
  /**
   * Flags for the runtime. For Deno they replace `--allow-all`, so that permissions
   * can be tested.
   */
  readonly flags?: readonly string[];
  /** Whether it has no right but the one to call C, where the runtime grants rights; then no flags. */
  readonly confined?: boolean;
  /** What the program finds in `process.argv` from 2 on. */
  readonly args?: readonly string[];
  /** Variables added to those of this process. */
  readonly env?: Readonly<Record<string, string>>;
  /** What the program reads; by default nothing. */
  readonly stdin?: string;
  /**
   * A program that starts the runtime, with its own arguments: the runtime's are given to it after
   * these. By default the runtime is started by itself.
   */
  readonly through?: readonly string[];
  /**
   * After how many milliseconds it is killed; by default 50 s, not long before the test file itself
   * is. A busy machine is no reason to fail.
   */
  readonly timeout?: number;
}

/** How a fresh process ended, see {@linkcode runFresh}. */
export interface Finished {
  /** The exit code, or `null` if a signal ended it. */
  readonly status: number | null;
  /** The signal that ended it, `SIGKILL` if it ran out of time. */
  readonly signal: string | null;
  /** All that it printed. */
  readonly stdout: string;
  /** All that it printed to standard error. */
  readonly stderr: string;
}

const isDeno = "Deno" in globalThis;

/** A folder in which packages are known by name; above both this file and what `tsc` makes of it. */
const workspace = fileURLToPath(new URL("../..", import.meta.url));

/**
 * Runs a program in a fresh process of the runtime that this one is: to see how it
 * exits, what it asks permission for, what a flag changes.
 *
 * @param program The text of a module, which imports packages by their names and is JavaScript,
 * not TypeScript, and without `using`; or the URL of a file
 * @param options Flags, arguments, time limit
 * @returns How it ended, and what it printed
 *
 * @example Usage
 * ```ts
 * import { runFresh } from "@posixly/testing";
 * import assert from "node:assert/strict";
 *
 * const { status, stdout } = await runFresh(`console.log("Hello")`);
 * assert.deepEqual({ status, stdout }, { status: 0, stdout: "Hello\n" });
 * ```
 */
export async function runFresh(
  program: string | URL,
  options: FreshOptions = {},
): Promise<Finished> {
  if (program instanceof URL) return await run(fileURLToPath(program), options);
  const folder = mkdtempSync(join(workspace, ".fresh-"));
  try {
    const file = join(folder, "main.mjs");
    writeFileSync(file, program);
    return await run(file, options);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function run(file: string, options: FreshOptions): Promise<Finished> {
  // Under its own name Deno takes itself for Node, and grants its child every permission.
  const runtime = `/proc/${process.pid}/exe`;
  const { through = [], args = [] } = options;
  const [program, ...rest] = [...through, runtime, ...runtimeArguments(options), file, ...args];
  const child = spawn(program, rest, {
    env: { ...process.env, NO_COLOR: "1", ...options.env },
  });
  const timer = setTimeout(() => killAll(child.pid!), options.timeout ?? 50_000);
  child.stdin.on("error", () => {}); // it may end without having read
  child.stdin.end(options.stdin);
  const [stdout, stderr, ended] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    exit(child),
  ]);
  clearTimeout(timer);
  return { ...ended, stdout, stderr };
}

/** Kills a process and all that it has started, which would keep its output open. */
function killAll(pid: number): void {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
    process.kill(pid, "SIGKILL");
    for (const child of children.match(/\d+/g) ?? []) killAll(Number(child));
  } catch {
    // It has ended by itself.
  }
}

/**
 * What this runtime is started with before a file, for those who start one that goes on by itself.
 *
 * @param options Flags, and whether it is confined
 * @returns The arguments
 *
 * @example Usage
 * ```ts
 * import { runtimeArguments } from "@posixly/testing";
 * import { spawn } from "node:child_process";
 * import process from "node:process";
 *
 * spawn(process.execPath, [...runtimeArguments(), "-"], { stdio: "ignore" });
 * ```
 */
export function runtimeArguments(
  { flags, confined = false }: Pick<FreshOptions, "flags" | "confined"> = {},
): readonly string[] {
  const rights = confined ? ["--allow-ffi"] : ["--allow-all"];
  if (isDeno) return ["run", "--quiet", "--no-prompt", ...flags ?? rights];
  return [...process.execArgv, ...flags ?? []];
}

function exit(child: ChildProcess): Promise<Pick<Finished, "status" | "signal">> {
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (status, signal) => resolve({ status, signal }));
  });
}

import type { AsFd } from "@posixly/fd";

/**
 * Where one of a child's standard descriptors leads: into a new `pipe` of which we have the
 * other end, to where ours leads (`inherit`), to `/dev/null`, or to any descriptor.
 *
 * @example Usage
 * ```ts
 * import { spawn, type Stdio } from "@posixly/pipe";
 * import assert from "node:assert/strict";
 *
 * const stdout: Stdio = "null";
 * assert.equal((await spawn("echo", ["unheard"], { stdout }).exited).code, 0);
 * ```
 */
export type Stdio = "pipe" | "inherit" | "null" | AsFd;

/**
 * How to start a child, see {@linkcode spawn}.
 *
 * @example Usage
 * ```ts
 * import { spawn, type SpawnOptions } from "@posixly/pipe";
 * import assert from "node:assert/strict";
 *
 * const quiet = { stdout: "null", stderr: "null", cwd: "/" } satisfies SpawnOptions;
 * assert.equal((await spawn("ls", [], quiet).exited).code, 0);
 * ```
 */
export interface SpawnOptions {
  /** Where the child reads from; by default it inherits ours. */
  readonly stdin?: Stdio;
  /** Where the child writes to; by default it inherits ours. */
  readonly stdout?: Stdio;
  /** Where the child complains; `stdout` is wherever that goes. By default it inherits ours. */
  readonly stderr?: Stdio | "stdout";
  /**
   * More descriptors for the child: by the number they have there, what they are here. Only these
   * are open in it. Numbers may be swapped and given twice.
   */
  readonly descriptors?: Readonly<Record<number, AsFd>>;
  /** More descriptors for the child, at the same numbers as here. */
  readonly keep?: readonly AsFd[];
  /** Where it begins: a directory, by its path or open. */
  readonly cwd?: string | Uint8Array | AsFd;
  /** All of its variables; by default those of this process, see {@linkcode environment}. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** What it takes for its own name; by default the command. */
  readonly argv0?: string | Uint8Array;
  /** Whether it leads a new session, without a terminal, setsid(2). */
  readonly session?: boolean;
  /** The process group that it joins; 0 for a new one that it leads, setpgid(2). */
  readonly processGroup?: number;
  /** The user that it runs as. It needs root, or `CAP_SETUID` and `CAP_SETGID`. */
  readonly uid?: number;
  /** The group that it runs as. */
  readonly gid?: number;
  /** Its further groups; none if `uid` or `gid` is given, else ours. */
  readonly groups?: readonly number[];
}

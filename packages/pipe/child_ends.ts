import type { PipeReader } from "./reader.ts";
import type { SpawnOptions } from "./spawn_options.ts";
import type { PipeWriter } from "./writer.ts";

/** An end of ours, if there is a pipe. */
type End<Asked, PipeEnd> = Asked extends "pipe" ? PipeEnd : null;

/**
 * Our ends of a child's pipes; `null` where it was told to use something else.
 *
 * @example Usage
 * ```ts
 * import { spawn, type ChildEnds } from "@posixly/pipe";
 * import assert from "node:assert/strict";
 *
 * const ends: ChildEnds<{ stdout: "pipe" }> = spawn("true", [], { stdout: "pipe" });
 * assert.equal(ends.stdin ?? ends.stderr, null);
 * assert.equal((await ends.stdout.readAll()).length, 0);
 * ends.stdout.close();
 * ```
 */
export interface ChildEnds<O extends SpawnOptions = SpawnOptions> {
  /** What is written here the child reads. */
  readonly stdin: End<O["stdin"], PipeWriter>;
  /** What the child writes is read here. */
  readonly stdout: End<O["stdout"], PipeReader>;
  /** What the child complains is read here. */
  readonly stderr: End<O["stderr"], PipeReader>;
}

import { requireBoolean, requireInteger, requireKnown } from "@posixly/sys";
import { Child } from "./child.ts";
import type { ChildEnds } from "./child_ends.ts";
import { planOf } from "./child_plan.ts";
import { ChildTable } from "./child_table.ts";
import { requireCredentials, withCredentials } from "./credentials.ts";
import { directoryOf, openDirectory } from "./directory.ts";
import { FileActions } from "./file_actions.ts";
import { programOf, start } from "./program.ts";
import { Running } from "./running.ts";
import { SpawnAttributes } from "./spawn_attributes.ts";
import type { SpawnOptions } from "./spawn_options.ts";

/**
 * Starts a program in a child process, posix_spawn(3).
 *
 * The child has exactly the descriptors that it is given, at the numbers it is given them, and
 * nothing else: not what another library forgot to make close-on-exec. Its pipes are pipes, so
 * that it can open `/dev/stdin` again. Signals are as if nobody had ever ignored or blocked one,
 * so `yes | head` ends. It is no copy of this process, as after fork(2); nothing of ours runs
 * in it.
 *
 * A command without a slash is looked for in the `PATH` of the child's variables, as execvp(3)
 * does, but a file that is no program is never handed to a shell. A relative path starts from
 * `cwd`.
 *
 * @param command The program: a file, or a name to look for
 * @param args Its arguments, without its name
 * @param options Descriptors, directory, variables, user, session
 * @returns The child, which is running by now
 * @throws {SyscallError} With `syscall` saying what failed, and `path` or `fd` where.
 * - `posix_spawn`: `ENOENT` if there is no such program, or no interpreter that its first line
 *   names; `EACCES` if it may not be run; `ENOEXEC` if it is none; `E2BIG` if there is too much
 *   text; `EAGAIN` if there are too many processes; `EPERM` if it may not join `processGroup`
 * - `chdir`, or `fchdir` for a descriptor: `ENOENT`, `ENOTDIR`, `EACCES` for `cwd`
 * - `fcntl`: `EBADF` if a descriptor is not open, `EINVAL` if `RLIMIT_NOFILE` leaves no number
 *   above all those of the child
 * - `openat`: `EACCES` for an end of ours that was made as another user; by its number it can be
 *   given, but does not block there either
 * - `setresuid`, `setresgid`, `setgroups`: `EPERM` without the right to
 * - `EMFILE` or `ENFILE` from any that opens something
 * @throws {TypeError | RangeError} If an argument is not as described; nothing was started then
 *
 * @example A child that writes into an inherited end
 * ```ts
 * import { pipe, spawn } from "@posixly/pipe";
 * import assert from "node:assert/strict";
 *
 * using ends = pipe();
 * spawn("sh", ["-c", "echo Hello from child >&3"], { descriptors: { 3: ends.writer } });
 * ends.writer.close(); // ours; now only the child has one, and the end comes with its end
 * const text = new TextDecoder().decode(await ends.reader.readAll());
 * assert.equal(text, "Hello from child\n");
 * ```
 *
 * @example To and fro
 * ```ts
 * import { spawn } from "@posixly/pipe";
 * import assert from "node:assert/strict";
 *
 * const child = spawn("sort", [], { stdin: "pipe", stdout: "pipe" });
 * const { stdout, status } = await child.communicate({ input: "pear\napple\n" });
 * assert.equal(new TextDecoder().decode(stdout), "apple\npear\n");
 * assert.equal(status.code, 0);
 * ```
 *
 * @example What went wrong
 * ```ts
 * import { spawn } from "@posixly/pipe";
 * import assert from "node:assert/strict";
 *
 * assert.throws(() => spawn("no-such-program"), {
 *   code: "ENOENT",
 *   syscall: "posix_spawn",
 *   path: "no-such-program",
 * });
 * assert.throws(() => spawn("true", [], { cwd: "/no/such/place" }), {
 *   code: "ENOENT",
 *   syscall: "chdir",
 *   path: "/no/such/place",
 * });
 * ```
 */
export function spawn<const O extends SpawnOptions>(
  command: string | Uint8Array,
  args: readonly (string | Uint8Array)[] = [],
  options: O = {} as O,
): Child<O> {
  requireOptions(options);
  const program = programOf(command, args, options);
  const plan = planOf(options);
  const cwd = directoryOf(options.cwd);

  using table = new ChildTable(options);
  table.open(plan);
  using attributes = new SpawnAttributes(options);
  const pid = withCredentials(options, () => {
    using directory = cwd && openDirectory(cwd);
    using actions = new FileActions();
    if (directory) actions.changeDirectory(directory.fd);
    table.arrange(actions);
    return start(program, actions, attributes, directory?.fd);
  });
  const running = new Running(pid);
  const [stdin, stdout, stderr] = [0, 1, 2].map((number) => table.takeEnd(number));
  return new Child(running, { stdin, stdout, stderr } as ChildEnds<O>);
}

const names = [
  "stdin",
  "stdout",
  "stderr",
  "descriptors",
  "keep",
  "cwd",
  "env",
  "argv0",
  "session",
  "processGroup",
  "uid",
  "gid",
  "groups",
] as const satisfies (keyof SpawnOptions)[];

/** Checks what no other file here looks at. */
function requireOptions(options: SpawnOptions): void {
  requireKnown(options, names);
  const { session, processGroup } = options;
  requireBoolean(session, "session");
  if (processGroup !== undefined) requireInteger(processGroup, "processGroup");
  if (session && processGroup !== undefined) {
    throw new RangeError("processGroup cannot be chosen by who leads a new session");
  }
  requireCredentials(options);
}

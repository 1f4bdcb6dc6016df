import { cstring, errno, fromCString, SyscallError } from "@posixly/sys";
import { cstrings } from "./cstrings.ts";
import { entriesOf, environmentEntries, liveEnvironment, valueOf } from "./environment.ts";
import type { FileActions } from "./file_actions.ts";
import { AT_EACCESS, AT_FDCWD, libc, X_OK } from "./libc.ts";
import { candidates, mayLieElsewhere } from "./search_path.ts";
import type { SpawnAttributes } from "./spawn_attributes.ts";
import type { SpawnOptions } from "./spawn_options.ts";

/** A program, as exec(3) wants it: all text is a C string. */
export interface Program {
  readonly command: Uint8Array;
  /** Its arguments, its name first. */
  readonly argv: BigUint64Array;
  /** Its variables; `null` for those that this process has at that moment. */
  readonly envp: BigUint64Array | null;
  /** The value of `PATH` in them. */
  readonly path: Uint8Array | undefined;
}

/** Checks the text of a program, and puts it where C can read it. */
export function programOf(
  command: string | Uint8Array,
  args: readonly (string | Uint8Array)[],
  { argv0 = command, env }: SpawnOptions,
): Program {
  const file = cstring(command, "command");
  if (!Array.isArray(args)) throw new TypeError("args must be an array of strings");
  const argv = [
    cstring(argv0, "argv0"),
    ...Array.from(args, (arg, i) => cstring(arg, `args[${i}]`)),
  ];
  const isInherited = env === undefined && liveEnvironment() !== null;
  const entries = env === undefined ? environmentEntries() : entriesOf(env);
  return {
    command: file,
    argv: cstrings(argv),
    envp: isInherited ? null : cstrings([...entries]),
    path: valueOf(entries, "PATH"),
  };
}

/**
 * Starts a program.
 *
 * @param directory Where the child begins, if not where we are
 * @returns The number of the child
 * @throws {SyscallError} What exec(2) says to the most promising file
 */
export function start(
  program: Program,
  actions: FileActions,
  attributes: SpawnAttributes,
  directory: number | undefined,
): number {
  const pid = new Int32Array(1);
  let failure = { result: -errno.ENOENT as number, file: program.command };
  for (const file of candidates(program.command, program.path)) {
    if (file !== program.command && isAbsent(file, directory)) continue;
    const result = spawn(pid, file, actions.memory, attributes.memory, program);
    if (result === 0) return pid[0];
    // One that may not be run is worth more than one that is not there, as for execvp(3).
    if (failure.result !== -errno.EACCES) failure = { result, file };
    if (!mayLieElsewhere(result)) {
      failure = { result, file };
      break;
    }
  }
  throw new SyscallError(-failure.result, "posix_spawn", { path: fromCString(failure.file) });
}

function spawn(
  pid: Int32Array,
  file: Uint8Array,
  actions: Uint8Array,
  attributes: Uint8Array,
  { argv, envp }: Program,
): number {
  if (envp !== null) return libc.posix_spawn(pid, file, actions, attributes, argv, envp);
  return libc.posix_spawn$environ(pid, file, actions, attributes, argv, liveEnvironment()!);
}

/** Whether a file is surely not there, which is cheaper to ask than to find out by a child. */
function isAbsent(file: Uint8Array, directory: number = AT_FDCWD): boolean {
  const found = libc.faccessat(directory, file, X_OK, AT_EACCESS);
  return found === -errno.ENOENT || found === -errno.ENOTDIR;
}

import { errno } from "@posixly/sys";
import { split } from "./environment.ts";

/** Where programs are looked for when there is no `PATH`, as execvp(3) does. */
const DEFAULT_PATH = "/bin:/usr/bin";

const SLASH = "/".charCodeAt(0);
const COLON = ":".charCodeAt(0);

/** The files that a command may mean, each with its NUL, in the order in which they are tried. */
export function* candidates(
  command: Uint8Array,
  path: Uint8Array | undefined,
): Generator<Uint8Array, void, void> {
  if (command.includes(SLASH)) {
    yield command;
    return;
  }
  if (command.length === 1) return; // no text, which no folder has
  for (const folder of split(path ?? new TextEncoder().encode(DEFAULT_PATH), COLON)) {
    yield inFolder(folder, command);
  }
}

/** A folder without a name is the working directory. */
function inFolder(folder: Uint8Array, command: Uint8Array): Uint8Array {
  const prefix = folder.length === 0 ? [".".charCodeAt(0), SLASH] : [...folder, SLASH];
  return new Uint8Array([...prefix, ...command]);
}

const elsewhere = new Set<number>([
  errno.EACCES,
  errno.ENOENT,
  errno.ENOTDIR,
  errno.ENODEV,
  errno.ESTALE,
  errno.ETIMEDOUT,
]);

/** Whether a failure still lets the command lie in a later folder, as execvp(3) decides. */
export function mayLieElsewhere(result: number): boolean {
  return elsewhere.has(-result);
}

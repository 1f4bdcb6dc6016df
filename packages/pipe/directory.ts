import { type AsFd, fdOf, open } from "@posixly/fd";
import { cstring, fromCString, SyscallError } from "@posixly/sys";

/** A directory that is yet to be opened, or that somebody else has open. */
export type Directory = { readonly path: Uint8Array } | { readonly fd: number };

/** What a program says about where its child begins, checked. */
export function directoryOf(cwd: string | Uint8Array | AsFd | undefined): Directory | undefined {
  if (cwd === undefined) return undefined;
  if (typeof cwd !== "string" && !(cwd instanceof Uint8Array)) return { fd: fdOf(cwd, "cwd") };
  return { path: cstring(cwd, "cwd").subarray(0, -1) };
}

/**
 * Opens where a child begins. We do and not the child, so that an error says what was missing:
 * from posix_spawn(3) all that comes back is a number, whether that was about the directory or
 * the program.
 */
export function openDirectory(directory: Directory): { fd: number } & Disposable {
  if ("fd" in directory) return { fd: directory.fd, [Symbol.dispose]() {} };
  const path = fromCString(directory.path);
  // Looking for "." in it needs the very right that chdir(2) does. No text is no directory.
  const suffix = path === "" ? "" : "/.";
  const inside = new Uint8Array([...directory.path, ...new TextEncoder().encode(suffix)]);
  try {
    return open(inside, { pathOnly: true, directory: true });
  } catch (error) {
    throw new SyscallError((error as SyscallError).errno, "chdir", { path });
  }
}

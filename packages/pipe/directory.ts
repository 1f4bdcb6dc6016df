import { type AsFd, fdOf, open, type OwnedFd } from "@posixly/fd";
import { cstring, fromCString, SyscallError } from "@posixly/sys";
import { requireOpen } from "./is_open.ts";

/** A directory that is yet to be opened, or that somebody else has open. */
export type Directory = { readonly path: Uint8Array } | { readonly fd: number };

/**
 * What a program says about where its child begins, checked.
 *
 * @throws {SyscallError} `EBADF` if it is a descriptor that is not open
 */
export function directoryOf(cwd: string | Uint8Array | AsFd | undefined): Directory | undefined {
  if (cwd === undefined) return undefined;
  if (typeof cwd === "string" || cwd instanceof Uint8Array) {
    return { path: cstring(cwd, "cwd").subarray(0, -1) };
  }
  const fd = fdOf(cwd, "cwd");
  requireOpen(fd);
  return { fd };
}

/**
 * Opens where a child begins. We do and not the child, so that an error says what was missing:
 * from posix_spawn(3) all that comes back is a number, whether that was about the directory or
 * the program.
 */
export function openDirectory(directory: Directory): OwnedFd {
  if ("fd" in directory) return lookInto(".", "fchdir", { fd: directory.fd });
  const path = fromCString(directory.path);
  // No text is no directory.
  const suffix = path === "" ? "" : "/.";
  const inside = new Uint8Array([...directory.path, ...new TextEncoder().encode(suffix)]);
  return lookInto(inside, "chdir", { path });
}

/** Opening "." in a directory needs the very right that chdir(2) does. */
function lookInto(
  path: string | Uint8Array,
  syscall: string,
  about: { readonly fd?: number; readonly path?: string },
): OwnedFd {
  try {
    return open(path, { pathOnly: true, directory: true, dir: about.fd });
  } catch (error) {
    throw new SyscallError((error as SyscallError).errno, syscall, about);
  }
}

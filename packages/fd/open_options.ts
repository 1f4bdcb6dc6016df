import { bitsOf } from "@posixly/sys";
import type { AsFd } from "./as_fd.ts";
import {
  O_APPEND,
  O_CLOEXEC,
  O_CREAT,
  O_DIRECT,
  O_DIRECTORY,
  O_DSYNC,
  O_EXCL,
  O_NOATIME,
  O_NOCTTY,
  O_NOFOLLOW,
  O_NONBLOCK,
  O_PATH,
  O_RDONLY,
  O_RDWR,
  O_SYNC,
  O_TMPFILE,
  O_TRUNC,
  O_WRONLY,
  RESOLVE_BENEATH,
  RESOLVE_IN_ROOT,
  RESOLVE_NO_MAGICLINKS,
  RESOLVE_NO_SYMLINKS,
  RESOLVE_NO_XDEV,
} from "./libc.ts";

/**
 * How a file is opened, see open(2).
 *
 * @example Usage
 * ```ts
 * import { open, type OpenOptions } from "@posixly/fd";
 *
 * const log: OpenOptions = { append: true, create: true, mode: 0o600 };
 * using file = open("/dev/null", log);
 * ```
 */
export interface OpenOptions {
  /** For reading; so it is by default, unless it is for writing. */
  readonly read?: boolean;
  /** For writing. */
  readonly write?: boolean;
  /** For writing, each time at the end: `O_APPEND`. */
  readonly append?: boolean;
  /** Makes the file if there is none: `O_CREAT`. */
  readonly create?: boolean;
  /** With `create`, fails if there is one already: `O_EXCL`. */
  readonly exclusive?: boolean;
  /** Empties the file: `O_TRUNC`. */
  readonly truncate?: boolean;
  /** The permissions of a file that is made, less the process's umask; 0o666 by default. */
  readonly mode?: number;
  /** A directory that a relative path starts from; the working directory by default. */
  readonly dir?: AsFd;
  /** Never waits, neither for this call nor on the descriptor: `O_NONBLOCK`. */
  readonly nonBlocking?: boolean;
  /** Fails unless it is a directory: `O_DIRECTORY`. */
  readonly directory?: boolean;
  /** Fails if the last part of the path is a symbolic link: `O_NOFOLLOW`. */
  readonly noFollow?: boolean;
  /** Passes the page cache by; buffers, offsets and lengths must be aligned: `O_DIRECT`. */
  readonly direct?: boolean;
  /** Each write waits until its bytes are stored: `O_DSYNC`. */
  readonly dataSync?: boolean;
  /** Each write waits until its bytes and all about the file are stored: `O_SYNC`. */
  readonly sync?: boolean;
  /** Leaves the time of last access alone; for the file's owner: `O_NOATIME`. */
  readonly noAtime?: boolean;
  /** A place in the file system and not a file, which cannot be read or written: `O_PATH`. */
  readonly pathOnly?: boolean;
  /** A new file without a name, in the directory `path`; it goes when it is closed: `O_TMPFILE`. */
  readonly temporary?: boolean;
  /** What the path may lead through, openat2(2). */
  readonly resolve?: ResolveOptions;
}

/**
 * What a path may lead through, openat2(2).
 *
 * @example A name that came over the network
 * ```ts
 * import { open, type ResolveOptions } from "@posixly/fd";
 * import assert from "node:assert/strict";
 *
 * const resolve: ResolveOptions = { beneath: true, noMagicLinks: true };
 * using dir = open("/proc", { pathOnly: true, directory: true });
 * open("version", { dir, resolve }).close();
 * assert.throws(() => open("../etc/passwd", { dir, resolve }), { code: "EXDEV" });
 * ```
 */
export interface ResolveOptions {
  /** Fails with `EXDEV` where it leads out of `dir`: `RESOLVE_BENEATH`. */
  readonly beneath?: boolean;
  /** Takes `dir` for the root, as chroot(2) does: `RESOLVE_IN_ROOT`. */
  readonly inRoot?: boolean;
  /** Fails with `ELOOP` at a symbolic link: `RESOLVE_NO_SYMLINKS`. */
  readonly noSymlinks?: boolean;
  /** Fails with `ELOOP` at a link of `/proc` that jumps, such as `fd/0`: `RESOLVE_NO_MAGICLINKS`. */
  readonly noMagicLinks?: boolean;
  /** Fails with `EXDEV` where another file system is mounted: `RESOLVE_NO_XDEV`. */
  readonly noXdev?: boolean;
}

const access = { read: 1, write: 2 };
const accessFlags = [O_RDONLY, O_RDONLY, O_WRONLY, O_RDWR];

const flags = {
  append: O_APPEND,
  create: O_CREAT,
  dataSync: O_DSYNC,
  direct: O_DIRECT,
  directory: O_DIRECTORY,
  exclusive: O_EXCL,
  noAtime: O_NOATIME,
  noFollow: O_NOFOLLOW,
  nonBlocking: O_NONBLOCK,
  pathOnly: O_PATH,
  sync: O_SYNC,
  temporary: O_TMPFILE,
  truncate: O_TRUNC,
};

const others = ["read", "write", "dir", "mode", "resolve"];

const resolutions = {
  beneath: RESOLVE_BENEATH,
  inRoot: RESOLVE_IN_ROOT,
  noMagicLinks: RESOLVE_NO_MAGICLINKS,
  noSymlinks: RESOLVE_NO_SYMLINKS,
  noXdev: RESOLVE_NO_XDEV,
};

/** The flags that the options stand for, checked. */
export function flagsOf(
  { read, write, ...named }: Omit<OpenOptions, "dir" | "mode" | "resolve">,
): number {
  const bits = bitsOf(flags, named, others) | O_CLOEXEC;
  const purposes = bitsOf(access, { read, write: write || named.append });
  if ((named.truncate || named.temporary) && (purposes & access.write) === 0) {
    throw new TypeError(`${named.truncate ? "truncate" : "temporary"} needs write`);
  }
  // A place in the file system has no access, and openat2 refuses what means nothing.
  return named.pathOnly ? bits : bits | O_NOCTTY | accessFlags[purposes];
}

/** The bits that the options stand for, checked. */
export function resolutionOf(options: ResolveOptions): number {
  return bitsOf(resolutions, options);
}

import { type AsFd, fdOf, open } from "@posixly/fd";
import {
  cstring,
  fromCString,
  ok,
  requireBoolean,
  requireInteger,
  requireKnown,
} from "@posixly/sys";
import { AT_FDCWD, F_GETPIPE_SZ, libc } from "./libc.ts";
import { PipeReader } from "./reader.ts";

/**
 * Where and how a FIFO is made.
 *
 * @example Usage
 * ```ts alone
 * import { makeFifo, type FifoOptions } from "@posixly/pipe";
 * import assert from "node:assert/strict";
 * import { mkdtempSync, rmSync, statSync } from "node:fs";
 *
 * const folder = mkdtempSync("/tmp/fifo-");
 * const secret: FifoOptions = { mode: 0o600 };
 * makeFifo(`${folder}/letters`, secret);
 * assert.equal(statSync(`${folder}/letters`).mode & 0o777, 0o600);
 * rmSync(folder, { recursive: true });
 * ```
 */
export interface FifoOptions {
  /** Its permissions, less the process's umask; by default 0o666. */
  readonly mode?: number;
  /** The directory that a relative path starts from; by default the working directory. */
  readonly dir?: AsFd;
}

/**
 * Makes a FIFO, mkfifo(3): a pipe with a name, which unrelated processes meet at.
 *
 * @param path Its path; bytes for a name that is not UTF-8
 * @param options Permissions, directory
 * @throws {SyscallError} `EEXIST` if there is something by that name, `ENOENT` or `ENOTDIR` if
 * the folder is not there, `EACCES` if it may not be written, `EPERM` if the file system has none
 * @throws {TypeError | RangeError} If the path holds a NUL, or an option is not as described
 *
 * @example Usage
 * ```ts alone
 * import { makeFifo, openFifoReader, openFifoWriter } from "@posixly/pipe";
 * import assert from "node:assert/strict";
 * import { mkdtempSync, rmSync } from "node:fs";
 *
 * const folder = mkdtempSync("/tmp/fifo-");
 * makeFifo(`${folder}/letters`);
 * using reader = openFifoReader(`${folder}/letters`);
 * using writer = await openFifoWriter(`${folder}/letters`);
 * await writer.write(new Uint8Array(3));
 * assert.equal(await reader.read(new Uint8Array(8)), 3);
 * rmSync(folder, { recursive: true });
 * ```
 */
export function makeFifo(path: string | Uint8Array, options: FifoOptions = {}): void {
  requireKnown(options, ["mode", "dir"]);
  const { mode = 0o666, dir } = options;
  const name = cstring(path, "path");
  requireInteger(mode, "mode", 0, 0o7777);
  const from = dir === undefined ? AT_FDCWD : fdOf(dir, "dir");
  ok(libc.mkfifoat(from, name, mode), "mkfifoat", { path: fromCString(name) });
}

/**
 * How a FIFO is opened to read.
 *
 * @example Usage
 * ```ts alone
 * import { openFifoReader, type FifoReaderOptions } from "@posixly/pipe";
 * import assert from "node:assert/strict";
 *
 * const steady: FifoReaderOptions = { keepOpen: true };
 * assert.throws(() => openFifoReader("/no/such/fifo", steady), { code: "ENOENT" });
 * ```
 */
export interface FifoReaderOptions {
  /**
   * Whether it goes on when all writers have left, and waits for the next one: the reader counts
   * as a writer itself, so that it never comes to an end. It needs permission to write.
   */
  readonly keepOpen?: boolean;
  /** The directory that a relative path starts from; by default the working directory. */
  readonly dir?: AsFd;
}

/**
 * Opens a FIFO to read, at once: nobody needs to have it open to write. Until somebody has,
 * `reader.read` waits, although the function `read` returns 0, as it does at the end.
 *
 * A pipe that this process has open already can be opened again by its name in `/proc`, such as
 * `/proc/self/fd/3` or `/dev/stdin`. That is how to wait for an inherited pipe that blocks: by
 * another description, and not by making everybody's non-blocking.
 *
 * @param path The FIFO
 * @param options Whether it outlives its writers
 * @returns The reader
 * @throws {SyscallError} `ENOENT` if there is none, `EACCES` if it may not be read (or
 * written, for `keepOpen`)
 * @throws {TypeError} If the path holds a NUL or leads to something else than a FIFO
 *
 * @example A reader that survives its writers
 * ```ts alone
 * import { makeFifo, openFifoReader, openFifoWriter } from "@posixly/pipe";
 * import assert from "node:assert/strict";
 * import { mkdtempSync, rmSync } from "node:fs";
 *
 * const folder = mkdtempSync("/tmp/fifo-");
 * makeFifo(`${folder}/letters`);
 * using reader = openFifoReader(`${folder}/letters`, { keepOpen: true });
 * for (const length of [1, 2, 3]) {
 *   using writer = await openFifoWriter(`${folder}/letters`);
 *   await writer.write(new Uint8Array(length));
 *   assert.equal(await reader.read(new Uint8Array(8)), length);
 * }
 * rmSync(folder, { recursive: true });
 * ```
 */
export function openFifoReader(
  path: string | Uint8Array,
  options: FifoReaderOptions = {},
): PipeReader {
  requireKnown(options, ["keepOpen", "dir"]);
  const { keepOpen = false, dir } = options;
  requireBoolean(keepOpen, "keepOpen");
  // For both: Linux opens that at once, and counts a writer, fifo(7).
  using opened = open(path, { read: true, write: keepOpen, nonBlocking: true, dir });
  requireFifo(opened.fd, path);
  return new PipeReader(opened.release());
}

/** Checks that what was opened is a pipe: only one of those has a capacity. */
export function requireFifo(fd: number, path: string | Uint8Array): void {
  if (libc.fcntl(fd, F_GETPIPE_SZ, 0) >= 0) return;
  const text = typeof path === "string" ? path : new TextDecoder().decode(path);
  throw new TypeError(`path must lead to a FIFO, which ${JSON.stringify(text)} is not`);
}

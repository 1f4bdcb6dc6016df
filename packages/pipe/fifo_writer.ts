import { setTimeout } from "node:timers";
import { type AsFd, inotify, open, OwnedFd } from "@posixly/fd";
import { readable, signalOf, type WaitOptions } from "@posixly/mux";
import { requireKnown, type SyscallError } from "@posixly/sys";
import { isDeserted } from "./end.ts";
import { requireFifo } from "./fifo.ts";
import { PipeWriter } from "./writer.ts";

/**
 * How a FIFO is opened to write.
 *
 * @example Usage
 * ```ts alone
 * import { type FifoWriterOptions, makeFifo, openFifoWriter } from "@posixly/pipe";
 * import assert from "node:assert/strict";
 * import { mkdtempSync, rmSync } from "node:fs";
 *
 * const folder = mkdtempSync("/tmp/fifo-");
 * makeFifo(`${folder}/unread`);
 * const brief: FifoWriterOptions = { timeout: 5 };
 * await assert.rejects(openFifoWriter(`${folder}/unread`, brief), { name: "TimeoutError" });
 * rmSync(folder, { recursive: true });
 * ```
 */
export interface FifoWriterOptions extends WaitOptions {
  /** The directory that a relative path starts from; by default the working directory. */
  readonly dir?: AsFd;
}

/**
 * Opens a FIFO to write, and waits for somebody to read it. Nothing is held up meanwhile; a
 * plain open(2) would take a thread for as long as that lasts, and could not be given up.
 *
 * To the others it looks like such an open: a program that waits to open the FIFO to read
 * goes on as soon as this begins.
 *
 * @param path The FIFO
 * @param options How to give up waiting
 * @returns The writer, once there is a reader
 * @throws {SyscallError} `ENOENT` if there is none; `EACCES` if it may not be written, or has to
 * be waited for and may not be read, which that takes; `EMFILE` if too many descriptors are open
 * @throws {TypeError} If the path holds a NUL or leads to something else than a FIFO
 * @throws The signal's reason, or a `TimeoutError`
 *
 * @example Usage
 * ```ts alone
 * import { makeFifo, openFifoWriter, spawn } from "@posixly/pipe";
 * import assert from "node:assert/strict";
 * import { mkdtempSync, rmSync } from "node:fs";
 *
 * const folder = mkdtempSync("/tmp/fifo-");
 * makeFifo(`${folder}/letters`);
 * const opening = openFifoWriter(`${folder}/letters`);
 * const child = spawn("cat", [`${folder}/letters`], { stdout: "pipe" });
 * const writer = await opening;
 * await writer.write(new TextEncoder().encode("Hello"));
 * writer.close();
 * const { stdout } = await child.communicate();
 * assert.equal(new TextDecoder().decode(stdout), "Hello");
 * rmSync(folder, { recursive: true });
 * ```
 */
export async function openFifoWriter(
  path: string | Uint8Array,
  options: FifoWriterOptions = {},
): Promise<PipeWriter> {
  requireKnown(options, ["signal", "timeout", "dir"]);
  const { dir, ...wait } = options;
  const signal = signalOf(wait);
  signal?.throwIfAborted();
  using atOnce = openRead(path, dir);
  if (atOnce !== null && await isRead(atOnce, signal)) return new PipeWriter(atOnce.release());

  using opens = inotify();
  using writer = openUnread(path, dir);
  opens.watch(nameOf(writer), { open: true });
  while (!await isRead(writer, signal)) {
    await readable(opens, { signal });
    opens.events();
  }
  return new PipeWriter(writer.release());
}

/** Opens a FIFO to write that somebody reads; `null` if nobody does. */
function openRead(path: string | Uint8Array, dir: AsFd | undefined): OwnedFd | null {
  try {
    using opened = open(path, { write: true, nonBlocking: true, dir });
    requireFifo(opened.fd, path);
    return new OwnedFd(opened.release());
  } catch (error) {
    if ((error as SyscallError).code !== "ENXIO") throw error;
    return null;
  }
}

/**
 * Opens a FIFO to write that nobody reads, which only somebody who reads it as well is allowed
 * to. From then on readers come in without waiting, since there is a writer.
 */
function openUnread(path: string | Uint8Array, dir: AsFd | undefined): OwnedFd {
  using both = open(path, { read: true, write: true, nonBlocking: true, dir });
  return open(nameOf(both), { write: true, nonBlocking: true });
}

/** A name for what is open, whatever has its path by now. */
function nameOf({ fd }: OwnedFd): string {
  return `/proc/self/fd/${fd}`;
}

/**
 * Whether somebody reads, and goes on to. Another process that does the same as `openUnread` is
 * a reader for an instant, and two writers must not take each other for one.
 *
 * Nothing but time tells that one from a true reader. poll(2) says that there are readers, and
 * not whether they write as well; inotify(7) says that somebody opened it, and what for only when
 * it is closed; `/proc` keeps to itself what other users have open. Nor can the other one announce
 * itself before: that would take a lock, which cannot be had through `O_PATH`, and no other way to
 * open a FIFO that nobody reads makes no reader. It is gone a few calls later, none of which
 * waits. Should it be stopped among them for longer than we wait here, the first write may fail
 * with `EPIPE`, as it may when a true reader leaves that soon.
 */
async function isRead(writer: OwnedFd, signal: AbortSignal | undefined): Promise<boolean> {
  if (isDeserted(writer)) return false;
  await new Promise<void>((resolve) => void setTimeout(resolve, 1));
  signal?.throwIfAborted();
  return !isDeserted(writer);
}

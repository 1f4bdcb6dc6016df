import assert from "node:assert/strict";
import { readdirSync, readlinkSync } from "node:fs";

/** An open descriptor of this process. */
export interface Descriptor {
  /** The number. */
  readonly fd: number;
  /** What it leads to, as `/proc` says: a path, `pipe:[16273]`, `anon_inode:[eventfd]`. */
  readonly target: string;
}

/**
 * The open descriptors of this process.
 *
 * @returns Each with what it leads to, by number; nothing where there is no `/proc`
 *
 * @example Usage
 * ```ts
 * import { openDescriptors } from "@posixly/testing";
 * import assert from "node:assert/strict";
 *
 * assert.ok(openDescriptors().some(({ fd }) => fd === 2));
 * ```
 */
export function openDescriptors(): Descriptor[] {
  const open: Descriptor[] = [];
  for (const name of numbers()) {
    try {
      open.push({ fd: Number(name), target: readlinkSync(`/proc/self/fd/${name}`) });
    } catch {
      // The one the folder was listed through is gone by now.
    }
  }
  return open.sort((a, b) => a.fd - b.fd);
}

function numbers(): string[] {
  try {
    return readdirSync("/proc/self/fd");
  } catch {
    return [];
  }
}

/** How long to wait for what is closed on the event loop, or by a thread that has yet to end. */
const PATIENCE_MS = 5000;

/**
 * What was opened since, and is still open. What is closed on the event loop is waited for, five
 * seconds at most; the garbage collector is not asked, since it hides what was forgotten.
 *
 * @param before What was open then
 * @returns A line for each descriptor
 *
 * @example Usage
 * ```ts
 * import { openDescriptors, openedSince } from "@posixly/testing";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(await openedSince(openDescriptors()), []);
 * ```
 */
export async function openedSince(before: readonly Descriptor[]): Promise<string[]> {
  const known = new Set(before.map(show));
  const opened = () => openDescriptors().map(show).filter((descriptor) => !known.has(descriptor));
  const until = performance.now() + PATIENCE_MS;
  while (opened().length > 0 && performance.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return opened();
}

function show({ fd, target }: Descriptor): string {
  return `${fd} -> ${target}`;
}

/**
 * Runs a function and checks that it closed all that it opened. The whole file is checked the
 * same way by the runner; this says which part of it is to blame.
 *
 * @param run What to run
 * @returns What it returned
 * @throws {AssertionError} If a descriptor was left open
 *
 * @example Usage
 * ```ts
 * import { withoutLeaks } from "@posixly/testing";
 * import { closeSync, openSync } from "node:fs";
 *
 * await withoutLeaks(() => closeSync(openSync("/dev/null", "r")));
 * ```
 */
export async function withoutLeaks<T>(run: () => T | Promise<T>): Promise<T> {
  const before = openDescriptors();
  const result = await run();
  assert.deepEqual(await openedSince(before), [], "Descriptors were left open");
  return result;
}

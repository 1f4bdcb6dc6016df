import { open, readAll } from "@posixly/fd";
import { type Address, addressAfter, cstring, memory, toAddress } from "@posixly/sys";
import { libc } from "./libc.ts";

/** The C library's variable `environ`, once it was looked up; `null` where it cannot be. */
let environ: BigUint64Array | null | undefined;

/** Where the variables of this process are now, a `char **`; `null` where that is unknown. */
export function liveEnvironment(): Address | null {
  if (environ === undefined) {
    const variable = libc.dlsym(toAddress(0), cstring("environ")); // RTLD_DEFAULT
    environ = variable > 0 ? new BigUint64Array(memory(variable, 8)) : null;
  }
  return environ && toAddress(environ[0]);
}

/** The variables of this process, `NAME=value` each, as bytes. */
export function environmentEntries(): Uint8Array[] {
  const start = liveEnvironment();
  return start === null ? initialEntries() : [...entriesAt(start)];
}

function* entriesAt(start: Address): Generator<Uint8Array> {
  if (start <= 0) return; // cleared
  for (let at = start;; at = addressAfter(at, 8)) {
    const [pointer] = new BigUint64Array(memory(at, 8));
    if (pointer === 0n) return;
    yield bytesAt(toAddress(pointer));
  }
}

function bytesAt(text: Address): Uint8Array {
  const length = Number(libc.strlen(text));
  return length === 0 ? new Uint8Array() : new Uint8Array(memory(text, length)).slice();
}

/** What this process was started with, for a C library that does not let us look. */
function initialEntries(): Uint8Array[] {
  using file = open("/proc/self/environ");
  return [...split(readAll(file), 0)].filter(({ length }) => length > 0);
}

/** The parts between separators. */
export function* split(bytes: Uint8Array, separator: number): Generator<Uint8Array> {
  let start = 0;
  for (let end; (end = bytes.indexOf(separator, start)) !== -1; start = end + 1) {
    yield bytes.subarray(start, end);
  }
  yield bytes.subarray(start);
}

/** The value of a variable among entries, as getenv(3) finds it: the first. */
export function valueOf(entries: Iterable<Uint8Array>, name: string): Uint8Array | undefined {
  const prefix = new TextEncoder().encode(`${name}=`);
  for (const entry of entries) {
    if (prefix.every((byte, i) => entry[i] === byte)) return entry.subarray(prefix.length);
  }
}

/**
 * The variables of this process as C sees them at this moment, environ(7): what a child gets
 * unless {@linkcode spawn} is told otherwise. It needs no permission to read the environment.
 *
 * A runtime that changes a variable tells C, but for Workers of Node, which have variables of
 * their own.
 *
 * @returns The values by name; where they are not UTF-8, with U+FFFD
 *
 * @example One more variable for a child
 * ```ts
 * import { environment, spawn } from "@posixly/pipe";
 * import assert from "node:assert/strict";
 *
 * const env = { ...environment(), GREETING: "Hello" };
 * const child = spawn("sh", ["-c", "echo $GREETING"], { env, stdout: "pipe" });
 * const { stdout } = await child.communicate();
 * assert.equal(new TextDecoder().decode(stdout), "Hello\n");
 * ```
 */
export function environment(): Record<string, string> {
  const decoder = new TextDecoder();
  const variables = new Map<string, string>();
  for (const entry of environmentEntries()) {
    const [name, ...value] = decoder.decode(entry).split("=");
    if (name !== "" && value.length > 0 && !variables.has(name)) {
      variables.set(name, value.join("="));
    }
  }
  return Object.fromEntries(variables);
}

/** Variables as C has them, `NAME=value`. */
export function entriesOf(env: Readonly<Record<string, string | undefined>>): Uint8Array[] {
  if (typeof env !== "object" || env === null) throw new TypeError("env must be an object");
  const encoder = new TextEncoder();
  const entries: Uint8Array[] = [];
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined) continue;
    if (!/^[^=\0]+$/.test(name)) {
      throw new TypeError(
        `env has a name without text or with "=" or NUL in it: ${JSON.stringify(name)}`,
      );
    }
    if (typeof value !== "string" || value.includes("\0")) {
      throw new TypeError(`env.${name} must be a string without a NUL`);
    }
    entries.push(encoder.encode(`${name}=${value}`));
  }
  return entries;
}

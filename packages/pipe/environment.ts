import { open, readAll } from "@posixly/fd";
import {
  type Address,
  addressAfter,
  copyCString,
  copyMemory,
  cstring,
  fromCString,
  show,
  toAddress,
} from "@posixly/sys";
import { libc } from "./libc.ts";

/** Where the C library's variable `environ` is, once it was looked up; `null` where it cannot be. */
let environ: Address | null | undefined;

/** Where the variables of this process are now, a `char **`; `null` where that is unknown. */
export function liveEnvironment(): Address | null {
  if (environ === undefined) {
    const variable = libc.dlsym(toAddress(0), cstring("environ")); // RTLD_DEFAULT
    environ = variable > 0 ? variable : null;
  }
  return environ && pointerAt(environ);
}

/** The variables of this process, `NAME=value` each, as C strings. */
export function environmentEntries(): Iterable<Uint8Array> {
  const start = liveEnvironment();
  return start === null ? initialEntries() : entriesAt(start);
}

function* entriesAt(start: Address): Generator<Uint8Array> {
  if (start <= 0) return; // cleared
  for (let at = start;; at = addressAfter(at, 8)) {
    const text = pointerAt(at);
    if (text <= 0) return;
    yield cstring(copyCString(text));
  }
}

/** The `void *` that lies at an address. */
function pointerAt(address: Address): Address {
  return toAddress(new BigUint64Array(copyMemory(address, 8).buffer)[0]);
}

/** What this process was started with, for a C library that does not let us look. */
function initialEntries(): Uint8Array[] {
  using file = open("/proc/self/environ");
  return [...split(readAll(file), 0)].map((entry) => cstring(entry, "environ"));
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
    if (prefix.every((byte, i) => entry[i] === byte)) return entry.subarray(prefix.length, -1);
  }
}

/**
 * The variables of this process as C sees them at this moment, environ(7): what a child gets
 * unless {@linkcode spawn} is told otherwise. It needs no permission to read the environment.
 *
 * Node and Deno tell C when they change a variable. Bun and Workers of Node do not: their
 * `process.env` is a copy.
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
  const variables = new Map<string, string>();
  for (const entry of environmentEntries()) {
    const [name, ...value] = fromCString(entry).split("=");
    if (name !== "" && value.length > 0 && !variables.has(name)) {
      variables.set(name, value.join("="));
    }
  }
  return Object.fromEntries(variables);
}

/** Variables as C has them: `NAME=value`, each a C string. */
export function entriesOf(env: Readonly<Record<string, string | undefined>>): Uint8Array[] {
  // The names in a list would be 0, 1, 2, and there are none in a Map.
  if (typeof env !== "object" || env === null || Array.isArray(env) || env instanceof Map) {
    throw new TypeError("env must be an object that has a value for each name");
  }
  return Object.entries(env).filter(([, value]) => value !== undefined).map(([name, value]) => {
    if (name === "" || name.includes("=")) {
      throw new TypeError(`env has no variable called ${JSON.stringify(name)}`);
    }
    if (typeof value !== "string") {
      throw new TypeError(`env.${name} must be a string, not ${show(value)}`);
    }
    return cstring(`${name}=${value}`, `env.${name}`);
  });
}

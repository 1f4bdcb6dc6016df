// Between the options and names that people write and the numbers of the kernel.
import { show } from "./arguments.ts";

/**
 * The number that a name of an enumeration stands for.
 *
 * @param table The names and their numbers
 * @param value What the caller passed
 * @param name What the caller calls it, for the error
 * @returns Its number
 * @throws {TypeError} If there is no such name
 *
 * @example Usage
 * ```ts
 * import { oneOf } from "@posixly/sys";
 * import assert from "node:assert/strict";
 *
 * const whence = { start: 0, current: 1, end: 2 };
 * assert.equal(oneOf(whence, "end", "whence"), 2);
 * assert.throws(() => oneOf(whence, "middle" as "end", "whence"), {
 *   message: 'whence must be one of start, current, end, not "middle"',
 * });
 * ```
 */
export function oneOf<T extends Readonly<Record<string, number>>>(
  table: T,
  value: keyof T,
  name: string,
): number {
  if (typeof value === "string" && Object.hasOwn(table, value)) return table[value];
  throw notOneOf(Object.keys(table), value, name);
}

/**
 * A name, if it is one of those that there are.
 *
 * @param names The names that there are
 * @param value What the caller passed
 * @param name What the caller calls it, for the error
 * @returns The value
 * @throws {TypeError} If there is no such name
 *
 * @example Usage
 * ```ts
 * import { requireName } from "@posixly/sys";
 * import assert from "node:assert/strict";
 *
 * assert.equal(requireName(["lifo", "fifo"], "fifo", "order"), "fifo");
 * assert.throws(() => requireName(["lifo", "fifo"], "filo" as "fifo", "order"), {
 *   message: 'order must be one of lifo, fifo, not "filo"',
 * });
 * ```
 */
export function requireName<Name extends string>(
  names: readonly Name[],
  value: Name,
  name: string,
): Name {
  if (names.includes(value)) return value;
  throw notOneOf(names, value, name);
}

function notOneOf(names: readonly string[], value: unknown, name: string): TypeError {
  return new TypeError(`${name} must be one of ${names.join(", ")}, not ${show(value)}`);
}

/**
 * The bits that named options stand for; one that is left out is false.
 *
 * @param table The names and their bits
 * @param options What the caller passed
 * @param others Which options there are beside those, for the error
 * @returns The bits, as a number from 0
 * @throws {TypeError} If it is no object, or an option is misspelt, or neither true nor false
 *
 * @example Usage
 * ```ts
 * import { bitsOf } from "@posixly/sys";
 * import assert from "node:assert/strict";
 *
 * const flags = { peek: 2, wait: 0x100 };
 * assert.equal(bitsOf(flags, { wait: true, peek: true }), 0x102);
 * assert.throws(() => bitsOf(flags, { peak: true } as object), {
 *   message: "there is no option peak, only peek, wait",
 * });
 * ```
 */
export function bitsOf<T extends Readonly<Record<string, number>>>(
  table: T,
  options: { readonly [Name in keyof T]?: boolean },
  others: readonly string[] = [],
): number {
  requireObject(options);
  let bits = 0;
  for (const name in options) {
    if (!Object.hasOwn(table, name)) throw unknownOption(name, [...Object.keys(table), ...others]);
    if (requireBoolean(options[name], name)) bits |= table[name];
  }
  return bits >>> 0;
}

/**
 * The names of the bits that are set.
 *
 * @param table The names and their bits
 * @param bits What the kernel answered; bits without a name are passed over
 * @returns The names, in the order of the table
 *
 * @example Usage
 * ```ts
 * import { namesOf } from "@posixly/sys";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(namesOf({ read: 1, write: 2, execute: 4 }, 5), ["read", "execute"]);
 * ```
 */
export function namesOf<T extends Readonly<Record<string, number>>>(
  table: T,
  bits: number,
): (keyof T & string)[] {
  return Object.keys(table).filter((name) => (bits & table[name]) !== 0);
}

/**
 * Checks that nobody misspelt an option, which would be ignored otherwise.
 *
 * @param options What the caller passed
 * @param names Which options there are
 * @throws {TypeError} If it is no object, or has another option
 *
 * @example Usage
 * ```ts
 * import { requireKnown } from "@posixly/sys";
 * import assert from "node:assert/strict";
 *
 * requireKnown({ signal: undefined }, ["signal"]);
 * assert.throws(() => requireKnown({ singal: undefined }, ["signal"]), {
 *   message: "there is no option singal, only signal",
 * });
 * ```
 */
export function requireKnown(options: object, names: readonly string[]): void {
  requireObject(options);
  for (const name in options) {
    if (!names.includes(name)) throw unknownOption(name, names);
  }
}

function requireObject(options: object): void {
  if (typeof options === "object" && options !== null) return;
  throw new TypeError(`options must be an object, not ${show(options)}`);
}

function unknownOption(name: string, names: readonly string[]): TypeError {
  const only = names.length === 0 ? "" : `, only ${names.join(", ")}`;
  return new TypeError(`there is no option ${name}${only}`);
}

/**
 * Checks an option that is true, false, or left out.
 *
 * @param value What the caller passed
 * @param name What the caller calls it, for the error
 * @returns `value`
 * @throws {TypeError} If it is something else
 *
 * @example Usage
 * ```ts
 * import { requireBoolean } from "@posixly/sys";
 * import assert from "node:assert/strict";
 *
 * assert.equal(requireBoolean(undefined, "nonBlocking"), undefined);
 * assert.throws(() => requireBoolean(1 as never, "nonBlocking"), {
 *   message: "nonBlocking must be true or false, not 1",
 * });
 * ```
 */
export function requireBoolean(value: boolean | undefined, name: string): boolean | undefined {
  if (value === undefined || typeof value === "boolean") return value;
  throw new TypeError(`${name} must be true or false, not ${show(value)}`);
}

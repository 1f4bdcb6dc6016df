import { type AsFd, fdOf } from "@posixly/fd";
import { requireInteger, show } from "@posixly/sys";
import type { SpawnOptions, Stdio } from "./spawn_options.ts";

/** What a child gets at one of its numbers. */
export type Source = Stdio | "stdout";

/** What a child gets, by number. */
export type Plan = ReadonlyMap<number, Source>;

/** Above them all, descriptors of ours have to find a place. */
const LAST = 2 ** 31 - 2;

const standard = ["stdin", "stdout", "stderr"] as const;

/** What the options say about a child's descriptors, checked but for whether they are open. */
export function planOf(options: SpawnOptions): Plan {
  const plan = new Map<number, Source>();
  for (const [number, name] of standard.entries()) {
    plan.set(number, requireSource(options[name], name));
  }
  const { descriptors = {}, keep = [] } = options;
  requireObject(descriptors, "descriptors");
  if (descriptors instanceof Map) throw new TypeError("descriptors must be an object, not a Map");
  requireObject(keep, "keep");
  for (const [key, source] of Object.entries(descriptors)) {
    fdOf(source, `descriptors[${key}]`);
    plan.set(requireNumber(key), source);
  }
  for (const source of keep) {
    const number = fdOf(source, "keep");
    requireSame(plan.get(number), number);
    plan.set(number, source);
  }
  return plan;
}

function requireObject(value: object, name: string): void {
  if (typeof value !== "object" || value === null) {
    throw new TypeError(`${name} must hold descriptors, not ${show(value)}`);
  }
}

function requireSource(source: Source = "inherit", name: string): Source {
  const words = name === "stderr"
    ? ["pipe", "inherit", "null", "stdout"]
    : ["pipe", "inherit", "null"];
  if (typeof source !== "string") fdOf(source as AsFd, name);
  else if (!words.includes(source)) {
    throw new TypeError(
      `${name} must be a descriptor or one of ${words.join(", ")}, not "${source}"`,
    );
  }
  return source;
}

function requireNumber(key: string): number {
  const number = /^(0|[1-9]\d*)$/.test(key) ? Number(key) : NaN;
  requireInteger(number, `the number ${JSON.stringify(key)} in descriptors`, 0, LAST);
  if (number > 2) return number;
  throw new RangeError(`descriptors begin at 3, since ${number} is ${standard[number]}`);
}

/** Checks that a number leads to itself, if it leads anywhere yet. */
function requireSame(source: Source = "inherit", number: number): void {
  if (source === "inherit" || typeof source !== "string" && fdOf(source) === number) return;
  throw new RangeError(`keep has descriptor ${number}, but the child gets another one there`);
}

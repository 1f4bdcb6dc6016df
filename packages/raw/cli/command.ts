import { parseArgs, type ParseArgsConfig } from "node:util";

/** What the world sees of a command, and how it is ended. */
export interface Terminal {
  /** Prints text as it is. */
  print(text: string | Uint8Array): void;
  /** Prints a value as a line of JSON. */
  json(value: unknown): void;
  /** Prints to standard error, for people. */
  note(text: string): void;
  /** Aborts when the user has enough, with {@linkcode INTERRUPTED}. */
  readonly signal: AbortSignal;
  /** Whether somebody looks at it, and how many lines he sees. */
  readonly lines: number | undefined;
}

/** One of the commands. */
export interface Command {
  /** What is printed by `--help`. */
  readonly help: string;
  /**
   * Does what was asked for.
   *
   * @returns The exit status
   */
  run(args: readonly string[], terminal: Terminal): Promise<number>;
}

/** The exit statuses: as that of ping(8) and grep(1). */
export const DONE = 0;
export const NOBODY = 1;
export const FAILED = 2;

/** What was wrong at the command line; the message is one line. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** The user has enough. */
export const INTERRUPTED: unique symbol = Symbol("interrupted");

/** Goes on to the end, or until the user has enough, which is no failure. */
export async function untilInterrupted(run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (error) {
    if (error !== INTERRUPTED) throw error;
  }
}

type Options = NonNullable<ParseArgsConfig["options"]>;

/** Takes arguments apart. */
export function parsed<O extends Options>(
  args: readonly string[],
  options: O,
): ReturnType<
  typeof parseArgs<{ args: string[]; options: O; allowPositionals: true; strict: true }>
> {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    throw new UsageError((error as Error).message.split(/[.\n]/, 1)[0]);
  }
}

/** A whole number. */
export function wholeIn(text: string | undefined, name: string): number | undefined {
  if (text === undefined || /^\d+$/.test(text)) return text === undefined ? text : Number(text);
  throw new UsageError(`${name} takes a whole number, not ${JSON.stringify(text)}`);
}

/** Seconds, as milliseconds. */
export function secondsIn(text: string | undefined, name: string): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d*\.?\d+$/.test(text)) return Number(text) * 1000;
  throw new UsageError(`${name} takes seconds, not ${JSON.stringify(text)}`);
}

/** Which version of IP, by `-4` and `-6`. */
export function familyIn(
  { ipv4, ipv6 }: { readonly ipv4?: boolean; readonly ipv6?: boolean },
): "ipv4" | "ipv6" | undefined {
  if (ipv4 && ipv6) throw new UsageError("-4 and -6 exclude each other");
  return ipv4 ? "ipv4" : ipv6 ? "ipv6" : undefined;
}

/** What is wrong with options of a function is wrong with those at the command line. */
export function asUsage<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) {
      throw new UsageError(error.message);
    }
    throw error;
  }
}

/** Milliseconds as people read them, with as many digits as mean something. */
export function milliseconds(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(3);
}

/** A time of flight; one that was not taken by the kernel is never less than the truth. */
export function flight(rtt: number, clock: "kernel" | "process"): string {
  return `${clock === "kernel" ? "=" : "<"}${milliseconds(rtt)} ms`;
}

/** A value as a line of JSON. */
export function jsonLine(value: unknown): string {
  return `${JSON.stringify(value, plainly)}\n`;
}

/** Bytes as hexadecimal digits, and large numbers as text. */
function plainly(_: string, value: unknown): unknown {
  if (value instanceof Uint8Array) {
    return Array.from(value, (byte) => byte.toString(16).padStart(2, "0")).join("");
  }
  return typeof value === "bigint" ? String(value) : value;
}

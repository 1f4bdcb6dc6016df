import { oneOf, requireInteger } from "@posixly/sys";
// deno-fmt-ignore -- a table reads best as a table
import {
  SIGABRT, SIGALRM, SIGBUS, SIGCHLD, SIGCONT, SIGFPE, SIGHUP, SIGILL, SIGINT, SIGIO, SIGKILL,
  SIGPIPE, SIGPROF, SIGPWR, SIGQUIT, SIGSEGV, SIGSTKFLT, SIGSTOP, SIGSYS, SIGTERM, SIGTRAP,
  SIGTSTP, SIGTTIN, SIGTTOU, SIGURG, SIGUSR1, SIGUSR2, SIGVTALRM, SIGWINCH, SIGXCPU, SIGXFSZ,
} from "./libc.ts";

/** Realtime signals go up to here, `SIGRTMAX`. */
const LAST = 64;

/**
 * The signals by name, signal(7). The realtime ones, from 32 to 64, have numbers only, since
 * C libraries keep the first of them for themselves and disagree on how many.
 *
 * @example Usage
 * ```ts
 * import { signals } from "@posixly/fd";
 * import assert from "node:assert/strict";
 *
 * assert.equal(signals.SIGTERM, 15);
 * ```
 */
// deno-fmt-ignore -- as above
export const signals = {
  SIGHUP, SIGINT, SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGKILL, SIGUSR1, SIGSEGV,
  SIGUSR2, SIGPIPE, SIGALRM, SIGTERM, SIGSTKFLT, SIGCHLD, SIGCONT, SIGSTOP, SIGTSTP, SIGTTIN,
  SIGTTOU, SIGURG, SIGXCPU, SIGXFSZ, SIGVTALRM, SIGPROF, SIGWINCH, SIGIO, SIGPWR, SIGSYS,
} as const;

/**
 * The name of a signal.
 *
 * @example Usage
 * ```ts
 * import type { SignalName } from "@posixly/fd";
 *
 * const polite: SignalName = "SIGTERM";
 * ```
 */
export type SignalName = keyof typeof signals;

const names = new Map<number, SignalName>(
  (Object.keys(signals) as SignalName[]).map((name) => [signals[name], name]),
);

/**
 * The number of a signal.
 *
 * @param signal Its name, or the number itself, up to 64
 * @returns Its number
 * @throws {TypeError | RangeError} If there is no such signal
 *
 * @example Usage
 * ```ts
 * import { signalNumber } from "@posixly/fd";
 * import assert from "node:assert/strict";
 *
 * assert.equal(signalNumber("SIGKILL"), 9);
 * assert.throws(() => signalNumber(65), RangeError);
 * ```
 */
export function signalNumber(signal: SignalName | number): number {
  if (typeof signal === "number") return requireInteger(signal, "signal", 1, LAST);
  return oneOf(signals, signal, "signal");
}

/**
 * The name of a signal.
 *
 * @param number Its number, from 1 to 64
 * @returns The name; for a realtime signal `SIG` and the number
 * @throws {TypeError | RangeError} If there is no such signal
 *
 * @example Usage
 * ```ts
 * import { signalName } from "@posixly/fd";
 * import assert from "node:assert/strict";
 *
 * assert.equal(signalName(15), "SIGTERM");
 * assert.equal(signalName(40), "SIG40");
 * ```
 */
export function signalName(number: number): SignalName | `SIG${number}` {
  return names.get(requireInteger(number, "number", 1, LAST)) ?? `SIG${number}`;
}

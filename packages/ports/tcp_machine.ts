import { requireName } from "@posixly/sys";
import type { SocketState } from "./states.ts";

/**
 * Where a connection over TCP may be, rfc9293: the states of its machine.
 *
 * @example Usage
 * ```ts
 * import { type ConnectionState, transition } from "@posixly/ports";
 * import assert from "node:assert/strict";
 *
 * const state: ConnectionState = transition("established", "close");
 * assert.equal(state, "finWait1");
 * ```
 */
export type ConnectionState = Exclude<SocketState, "unconnected" | "boundInactive">;

/**
 * What moves a connection from one state to the next: what its program does, what comes from the
 * other end, or that time has passed.
 *
 * - `listen`, `connect`, `close`: the calls; `shutdown` of the half for writing is a `close`, too
 * - `abort`: `close` with `linger: 0`, or of a socket with bytes that nobody has read, or
 *   SOCK_DESTROY ({@linkcode destroySocket})
 * - `receiveSyn`, `receiveSynAck`, `receiveAck`, `receiveFin`, `receiveReset`: a segment came. An
 *   `receiveAck` is the one that was waited for: of our SYN, or of our FIN
 * - `receiveFinAck`: its FIN and the acknowledgement of ours, in one segment
 * - `timeout`: the other end does not answer; in TIME_WAIT, a minute has passed
 *
 * @example Usage
 * ```ts
 * import { type TcpEvent, tcpPath } from "@posixly/ports";
 * import assert from "node:assert/strict";
 *
 * const events: TcpEvent[] = ["close", "receiveAck", "receiveFin"];
 * assert.deepEqual(tcpPath("established", events), ["finWait1", "finWait2", "timeWait"]);
 * ```
 */
export type TcpEvent =
  | "listen"
  | "connect"
  | "close"
  | "abort"
  | "receiveSyn"
  | "receiveSynAck"
  | "receiveAck"
  | "receiveFin"
  | "receiveFinAck"
  | "receiveReset"
  | "timeout";

/**
 * One move of the machine, see {@linkcode tcpTransitions}.
 *
 * @example Usage
 * ```ts
 * import { type TcpTransition, tcpTransitions } from "@posixly/ports";
 *
 * const show = ({ from, event, to }: TcpTransition) => `${from} -> ${to} [label="${event}"];`;
 * console.log(`digraph { ${tcpTransitions.map(show).join("\n")} }`);
 * ```
 */
export interface TcpTransition {
  /** Where it was. */
  readonly from: ConnectionState;
  /** What happens. */
  readonly event: TcpEvent;
  /** Where it is then. */
  readonly to: ConnectionState;
  /** What is sent to the other end, if anything. */
  readonly sends: "SYN" | "SYN-ACK" | "ACK" | "FIN" | "RST" | undefined;
}

type Row = readonly [ConnectionState, TcpEvent, ConnectionState, TcpTransition["sends"]?];

// deno-fmt-ignore -- a table reads best as a table
const rows: readonly Row[] = [
  ["closed",      "listen",        "listening"],
  ["closed",      "connect",       "synSent",     "SYN"],

  ["listening",   "receiveSyn",    "synReceived", "SYN-ACK"], // a socket of its own: who listens goes on
  ["listening",   "close",         "closed"],
  ["listening",   "abort",         "closed"],

  ["synSent",     "receiveSynAck", "established", "ACK"],
  ["synSent",     "receiveSyn",    "synReceived", "SYN-ACK"], // both have connected at once
  ["synSent",     "receiveReset",  "closed"],                 // ECONNREFUSED
  ["synSent",     "close",         "closed"],
  ["synSent",     "abort",         "closed"],
  ["synSent",     "timeout",       "closed"],                 // ETIMEDOUT

  ["synReceived", "receiveAck",    "established"],
  ["synReceived", "receiveFin",    "closeWait",   "ACK"],
  ["synReceived", "receiveReset",  "closed"],
  ["synReceived", "close",         "finWait1",    "FIN"],
  ["synReceived", "abort",         "closed",      "RST"],
  ["synReceived", "timeout",       "closed"],

  ["established", "close",         "finWait1",    "FIN"],
  ["established", "receiveFin",    "closeWait",   "ACK"],
  ["established", "receiveReset",  "closed"],                 // ECONNRESET
  ["established", "abort",         "closed",      "RST"],
  ["established", "timeout",       "closed"],                 // ETIMEDOUT

  ["finWait1",    "receiveAck",    "finWait2"],
  ["finWait1",    "receiveFin",    "closing",     "ACK"],     // both have closed at once
  ["finWait1",    "receiveFinAck", "timeWait",    "ACK"],
  ["finWait1",    "receiveReset",  "closed"],
  ["finWait1",    "abort",         "closed",      "RST"],
  ["finWait1",    "timeout",       "closed"],

  ["finWait2",    "receiveFin",    "timeWait",    "ACK"],
  ["finWait2",    "receiveReset",  "closed"],
  ["finWait2",    "abort",         "closed",      "RST"],
  ["finWait2",    "timeout",       "closed"],                 // tcp_fin_timeout, once it is nobody's

  ["closing",     "receiveAck",    "timeWait"],
  ["closing",     "receiveReset",  "closed"],
  ["closing",     "abort",         "closed"],
  ["closing",     "timeout",       "closed"],

  ["closeWait",   "close",         "lastAck",     "FIN"],
  ["closeWait",   "receiveReset",  "closed"],
  ["closeWait",   "abort",         "closed",      "RST"],
  ["closeWait",   "timeout",       "closed"],

  ["lastAck",     "receiveAck",    "closed"],
  ["lastAck",     "receiveReset",  "closed"],
  ["lastAck",     "abort",         "closed"],
  ["lastAck",     "timeout",       "closed"],

  ["timeWait",    "timeout",       "closed"],
  ["timeWait",    "receiveFin",    "timeWait",    "ACK"],     // ours was lost: another minute
  ["timeWait",    "receiveReset",  "closed"],                 // unless tcp_rfc1337
  ["timeWait",    "abort",         "closed"],
  ["timeWait",    "connect",       "synSent",     "SYN"],     // tcp_tw_reuse
  ["timeWait",    "receiveSyn",    "synReceived", "SYN-ACK"], // a newer one, to who still listens
];

/**
 * The machine of TCP as data: every move there is, as Linux makes them. Of those in rfc9293 it
 * leaves out what no program can do here: to connect a socket that listens.
 *
 * @example What is sent, and when
 * ```ts
 * import { tcpTransitions } from "@posixly/ports";
 * import assert from "node:assert/strict";
 *
 * const closing = tcpTransitions.filter(({ sends }) => sends === "FIN");
 * assert.deepEqual(closing.map(({ from }) => from), ["synReceived", "established", "closeWait"]);
 * ```
 */
export const tcpTransitions: readonly TcpTransition[] = rows.map(([from, event, to, sends]) => (
  { from, event, to, sends }
));

const states: readonly ConnectionState[] = [...new Set(tcpTransitions.map(({ from }) => from))];
const events: readonly TcpEvent[] = [...new Set(tcpTransitions.map(({ event }) => event))];

/**
 * Where a connection is after something has happened.
 *
 * @param state Where it is
 * @param event What happens
 * @returns Where it is then
 * @throws {Error} If that cannot happen there; the message says what can
 * @throws {TypeError} If there is no such state or event
 *
 * @example Usage
 * ```ts
 * import { transition } from "@posixly/ports";
 * import assert from "node:assert/strict";
 *
 * assert.equal(transition("closeWait", "close"), "lastAck");
 * assert.throws(() => transition("listening", "receiveFin"), {
 *   message: "listening has no receiveFin, but receiveSyn, close, abort",
 * });
 * ```
 */
export function transition(state: ConnectionState, event: TcpEvent): ConnectionState {
  requireName(states, state, "state");
  requireName(events, event, "event");
  const possible = tcpTransitions.filter(({ from }) => from === state);
  const move = possible.find((each) => each.event === event);
  if (move !== undefined) return move.to;
  throw new Error(`${state} has no ${event}, but ${possible.map((each) => each.event).join(", ")}`);
}

/**
 * The states that a connection goes through as one thing happens after another.
 *
 * @param start Where it is at first
 * @param happening What happens, in order
 * @returns Where it is after each
 * @throws {Error} If something cannot happen where it is by then
 * @throws {TypeError} If there is no such state or event
 *
 * @example Who closes first has to wait
 * ```ts
 * import { tcpPath } from "@posixly/ports";
 * import assert from "node:assert/strict";
 *
 * const first = tcpPath("established", ["close", "receiveAck", "receiveFin", "timeout"]);
 * assert.deepEqual(first, ["finWait1", "finWait2", "timeWait", "closed"]);
 * const second = tcpPath("established", ["receiveFin", "close", "receiveAck"]);
 * assert.deepEqual(second, ["closeWait", "lastAck", "closed"]);
 * const both = tcpPath("established", ["close", "receiveFin", "receiveAck"]);
 * assert.deepEqual(both, ["finWait1", "closing", "timeWait"]);
 * ```
 */
export function tcpPath(
  start: ConnectionState,
  happening: Iterable<TcpEvent>,
): ConnectionState[] {
  let state = requireName(states, start, "start");
  return Array.from(happening, (event) => state = transition(state, event));
}

/**
 * Who has the port for another minute, in TIME_WAIT, when a connection has ended in order: whoever
 * closed first, and both if they closed at the same time. Who ends it by a reset (`abort`) leaves
 * nobody waiting.
 *
 * @param state Where one end of a connection is
 * @returns Whether this end may still come to TIME_WAIT before it is closed; `false` says that it is
 * the other one's
 * @throws {TypeError} If there is no such state
 *
 * @example Let the other end close first
 * ```ts
 * import { mayReachTimeWait } from "@posixly/ports";
 * import assert from "node:assert/strict";
 *
 * assert.ok(mayReachTimeWait("established")); // it depends on who closes
 * assert.ok(mayReachTimeWait("finWait2")); // this end did
 * assert.ok(!mayReachTimeWait("closeWait")); // the other end did
 * ```
 */
export function mayReachTimeWait(state: ConnectionState): boolean {
  requireName(states, state, "state");
  const reached = new Set([state]);
  for (const from of reached) { // those that are added on the way, too
    if (from === "timeWait") return true;
    for (const move of tcpTransitions) {
      if (move.from === from && move.to !== "closed") reached.add(move.to);
    }
  }
  return false;
}

import type { TcpState } from "@posixly/socket";

/**
 * Where a socket is: a connection over TCP between its beginning and its end, see `TcpState` of
 * `@posixly/socket`, or one of UDP, which is `unconnected` or `established`.
 *
 * - `boundInactive`: it has a port and nothing else: neither listens nor connects. Since Linux 6.8
 * - `closed`: there is no connection, and so nothing that a list could tell of
 *
 * @example Usage
 * ```ts
 * import { sockets, type SocketState } from "@posixly/ports";
 *
 * const over: SocketState[] = ["timeWait", "finWait2"];
 * console.log(sockets({ protocol: "tcp", states: over }).length, "ports to be free again soon");
 * ```
 */
export type SocketState = Exclude<TcpState, "unknown" | "newSynReceived"> | "unconnected";

/** The numbers of the states, as in the kernel's `tcp_states.h`; UDP has two of them. */
export const stateNumbers: Readonly<Record<SocketState, number>> = {
  established: 1,
  synSent: 2,
  synReceived: 3,
  finWait1: 4,
  finWait2: 5,
  timeWait: 6,
  closed: 7,
  unconnected: 7,
  closeWait: 8,
  lastAck: 9,
  listening: 10,
  closing: 11,
  boundInactive: 13,
};

/** A bit for each state that a socket can be found in. */
export const ALL_STATES = 0x2ffe;

const names = new Map<number, SocketState>([
  ...(Object.keys(stateNumbers) as SocketState[]).map((name) =>
    [stateNumbers[name], name] as const
  ),
  [12, "synReceived"], // of a listener's queue: half a socket, which is told of as a whole one
]);

/** What a state is called; states of a kernel to come are closed, as far as we know. */
export function stateName(number: number, isTcp: boolean): SocketState {
  // One of TCP that is told of although it has no connection has a port: it is bound.
  if (number === stateNumbers.closed) return isTcp ? "boundInactive" : "unconnected";
  return names.get(number) ?? "closed";
}

/** A bit for each state. */
export function maskOf(states: Iterable<SocketState>): number {
  let mask = 0;
  for (const state of states) {
    if (!Object.hasOwn(stateNumbers, state)) {
      throw new TypeError(`There is no state ${JSON.stringify(state)}`);
    }
    mask |= 1 << stateNumbers[state];
  }
  return mask;
}

import { performance } from "node:perf_hooks";
import type { AsFd } from "@posixly/fd";
import { unlessAborted } from "@posixly/mux";
import { requireInteger, requireKnown } from "@posixly/sys";
import { Follower } from "./follower.ts";
import type { SocketEntry } from "./socket_entry.ts";
import type { ConnectionState } from "./tcp_machine.ts";

/**
 * How a connection is followed, see {@linkcode follow}.
 *
 * @example Usage
 * ```ts
 * import { follow, type FollowOptions } from "@posixly/ports";
 * import { socket } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * const enough: FollowOptions = { signal: AbortSignal.abort("enough") };
 * using tcp = socket("ipv4", "stream");
 * await assert.rejects(follow(tcp, enough).next(), (reason) => reason === "enough");
 * ```
 */
export interface FollowOptions {
  /**
   * How many milliseconds to wait between looks at a connection that nobody has open any more, or
   * that is somebody else's; 100 by default. The kernel tells of the end of those, but not of what
   * comes before and after.
   */
  readonly interval?: number;
  /** Ends it with its `reason`. */
  readonly signal?: AbortSignal;
}

/**
 * One state that a connection was found in, see {@linkcode follow}.
 *
 * @example Usage
 * ```ts
 * import { type TcpStep } from "@posixly/ports";
 *
 * const show = ({ previous, state, time }: TcpStep) => `${previous} -> ${state} at ${time} ms`;
 * console.log(show({ previous: "finWait1", state: "finWait2", time: performance.now() }));
 * ```
 */
export interface TcpStep {
  /** Where it is now. */
  readonly state: ConnectionState;
  /** Where it was found before; `undefined` at first. */
  readonly previous: ConnectionState | undefined;
  /** When it was found there: milliseconds, as `performance.now()`. */
  readonly time: number;
}

/**
 * Follows a connection over TCP from state to state, until it is closed: past the `close` of its
 * program, and through TIME_WAIT, which takes a minute. States that pass faster than we can look are
 * left out, as `synSent` most often is over the loopback.
 *
 * While the socket is open here, the kernel wakes us when its state changes, and nothing is asked in
 * between. Once it is closed, or if it is somebody else's, it is looked at every `interval`, and at
 * once when the kernel lets go of it.
 *
 * The socket can be used and closed as if nobody looked. Pass the object that owns it rather than
 * its number, so that its `close` is noticed at once.
 *
 * @param socket The socket, connected or not yet; or one of {@linkcode sockets} or
 * {@linkcode findConnection}
 * @param options How to look
 * @returns Each state in which it was found, beginning with the one that it is in
 * @throws {SyscallError} `EOPNOTSUPP` if it is no socket of TCP, `ENOTSOCK` if it is none
 * @throws {TypeError | RangeError} If an option is not as described
 * @throws The signal's reason, if it aborts
 *
 * @example Who closes first
 * ```ts
 * import { follow } from "@posixly/ports";
 * import { connectTcp, listenTcp } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * using listener = listenTcp("127.0.0.1:0");
 * using client = await connectTcp(listener.localAddress);
 * using server = await listener.accept();
 *
 * const states: string[] = [];
 * for await (const { state } of follow(client)) {
 *   states.push(state);
 *   if (state === "established") await client.end();
 *   if (state === "finWait2") await server.end();
 *   if (state === "timeWait") break; // for another minute
 * }
 * const seen = states.filter((state) => state !== "finWait1"); // which may have been too short
 * assert.deepEqual(seen, ["established", "finWait2", "timeWait"]);
 * ```
 */
export async function* follow(
  socket: AsFd | SocketEntry,
  options: FollowOptions = {},
): AsyncGenerator<TcpStep, void, undefined> {
  requireKnown(options, ["interval", "signal"]);
  const { interval = 100, signal } = options;
  requireInteger(interval, "interval", 1);
  signal?.throwIfAborted();
  using follower = new Follower(socket, interval);
  let previous: ConnectionState | undefined;
  for (;;) {
    const state = follower.look();
    if (state !== previous) yield { state, previous, time: performance.now() };
    previous = state;
    if (follower.hasEnded(state)) return;
    await unlessAborted(follower.woken(), signal);
  }
}

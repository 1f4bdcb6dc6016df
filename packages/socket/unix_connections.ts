import { requireBoolean, requireKnown } from "@posixly/sys";
import type { AddressLike } from "./address.ts";
import type { ConnectOptions } from "./connect_tcp.ts";
import { socket } from "./create.ts";
import { establish } from "./establish.ts";
import { listen } from "./listen.ts";
import type { ListenOptions } from "./listen_tcp.ts";
import { setOptions } from "./options.ts";
import type { Socket } from "./socket.ts";
import { bindAt, unixAddress } from "./unix_address.ts";

/**
 * How to listen at a path.
 *
 * @example Usage
 * ```ts
 * import { listenUnix, type UnixListenOptions } from "@posixly/socket";
 *
 * const again: UnixListenOptions = { replaceStale: true };
 * using listener = listenUnix("/tmp/posixly-example.sock", again);
 * ```
 */
export interface UnixListenOptions extends ListenOptions {
  /**
   * Whether to remove a socket that a program which died has left at the path; by default not.
   * One that somebody has stays, whether or not he listens by now, and so does what is no socket.
   * Programs that start at the same moment may take it from each other: a lock keeps them apart.
   */
  readonly replaceStale?: boolean;
}

/** Makes a listener of this machine. */
export function listenAt<Listening extends Socket>(
  address: AddressLike,
  type: "stream" | "seqpacket",
  Kind: new (fd: number) => Listening,
  options: UnixListenOptions,
): Listening {
  requireKnown(options, ["backlog", "options", "replaceStale"]);
  const { backlog, options: settings = {}, replaceStale } = options;
  requireBoolean(replaceStale, "replaceStale");
  const at = unixAddress(address);
  const listener = new Kind(socket("unix", type).release());
  try {
    setOptions(listener, settings);
    bindAt(listener, at, replaceStale);
    listen(listener, backlog);
    return listener;
  } catch (error) {
    listener.close();
    throw error;
  }
}

/** Connects to a listener of this machine. */
export async function connectAt<Connected extends Socket>(
  address: AddressLike,
  type: "stream" | "seqpacket",
  Kind: new (fd: number) => Connected,
  options: ConnectOptions,
): Promise<Connected> {
  requireKnown(options, ["from", "options", "signal", "timeout"]);
  const { from, options: settings = {}, ...wait } = options;
  const to = unixAddress(address);
  const own = from === undefined ? undefined : unixAddress(from);
  const connected = new Kind(socket("unix", type).release());
  try {
    setOptions(connected, settings);
    if (own !== undefined) bindAt(connected, own);
    await establish(connected, to, wait);
    return connected;
  } catch (error) {
    connected.close();
    throw error;
  }
}

import { type ReserveOptions, reservePort } from "./reserve.ts";

/** Ports of UDP that were given away, and when, in milliseconds. */
const given = new Map<number, number>();

/** How long they are not given away again: as long as TIME_WAIT keeps those of TCP. */
const KEPT = 60_000;

/**
 * Finds a port that is free, for those who only need its number: for a configuration file, or for a
 * server that cannot be handed a socket. Prefer {@linkcode reservePort} wherever that is possible.
 *
 * A port that nobody holds can be taken by anybody before it is used, and no function can prevent
 * that. The race is made small: a port of TCP is left in TIME_WAIT, so that for a minute the kernel
 * chooses it for nobody, neither here nor in any other process; who asks for it by its number, with
 * `SO_REUSEADDR` as servers do, gets it. UDP has no such state: its ports are only not given away
 * twice in a minute by this thread.
 *
 * @param options Which port, and where
 * @returns A port that was free
 * @throws {SyscallError} As {@linkcode reservePort} does; `EADDRNOTAVAIL` if it is the last port: it
 * is left in TIME_WAIT by a connection, which takes another one
 * @throws {TypeError | RangeError} If an option is none
 *
 * @example Usage
 * ```ts
 * import { freePort } from "@posixly/ports";
 * import { listenTcp } from "@posixly/socket";
 *
 * const port = freePort({ prefer: [3000, 3001] });
 * using listener = listenTcp(`127.0.0.1:${port}`); // or whatever takes a number
 * ```
 */
export function freePort(options: ReserveOptions = {}): number {
  if (options.protocol !== "udp") {
    using reservation = reservePort(options);
    return reservation.park();
  }
  const exclude = [...options.exclude ?? [], ...lately()];
  using reservation = reservePort({ ...options, exclude });
  given.set(reservation.port, performance.now());
  return reservation.port;
}

function lately(): Iterable<number> {
  const now = performance.now();
  for (const [port, since] of given) {
    if (now - since > KEPT) given.delete(port);
  }
  return given.keys();
}

import { ok, requireBoolean, requireKnown } from "@posixly/sys";
import { type Domain, domainNumber } from "./domain.ts";
import { AF_PACKET, libc, SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_RAW } from "./libc.ts";
import { type Protocol, protocolNumber } from "./protocol.ts";
import { Socket } from "./socket.ts";
import { type SocketType, typeNumber } from "./type.ts";

/**
 * How a socket is made, see {@linkcode socket}.
 *
 * @example One that holds up the thread while it waits
 * ```ts
 * import { socket, type SocketOptions } from "@posixly/socket";
 *
 * const blocking: SocketOptions = { nonBlocking: false };
 * using tcp = socket("ipv4", "stream", "tcp", blocking);
 * ```
 */
export interface SocketOptions {
  /**
   * Whether a call that would block returns `null` instead, `SOCK_NONBLOCK`; by default `true`.
   * A socket that blocks stops the whole thread when it waits.
   */
  readonly nonBlocking?: boolean;
}

/**
 * Makes a socket, socket(2), close-on-exec. It has no address yet and no peer: {@linkcode bind}
 * and {@linkcode connect} give it those.
 *
 * @param domain Which family, such as `ipv4`, `ipv6`, `unix`, or its number
 * @param type How it talks, such as `stream` and `datagram`, or its number
 * @param protocol Which protocol, such as `udp`, or its number; by default the one that the family
 * has for this type
 * @param options Whether it blocks
 * @returns The socket
 * @throws {SyscallError} `EAFNOSUPPORT` if this kernel has no such family (IPv6 may be switched
 * off), `ESOCKTNOSUPPORT` if the family has no such type, `EPROTONOSUPPORT` or `EPROTOTYPE` if
 * it has no such protocol for that type; `EPERM` or `EACCES` if it takes a right we lack, as
 * `raw` and `packet` take `CAP_NET_RAW`, or if a sandbox forbids it; `EMFILE` or `ENFILE` if too
 * many descriptors are open
 * @throws {TypeError | RangeError} If there is no such name, or an option is not as described
 *
 * @example Usage
 * ```ts
 * import { bind, localAddress, receive, sendTo, socket } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * using server = socket("ipv4", "datagram");
 * bind(server, { family: "ipv4", host: "127.0.0.1", port: 0 });
 *
 * using client = socket("ipv4", "datagram");
 * sendTo(client, new Uint8Array([1, 2, 3]), localAddress(server));
 * assert.equal(receive(server, new Uint8Array(16)), 3);
 * ```
 */
export function socket(
  domain: Domain | number,
  type: SocketType | number,
  protocol: Protocol | number = 0,
  options: SocketOptions = {},
): Socket {
  requireKnown(options, ["nonBlocking"]);
  const family = domainNumber(domain);
  const kind = typeNumber(type);
  const fd = libc.socket(family, kind | flagsOf(options), protocolNumber(protocol, family));
  const isRaw = family === AF_PACKET || kind === SOCK_RAW;
  return new Socket(ok(fd, "socket", { capability: isRaw ? "CAP_NET_RAW" : undefined }));
}

/** What C adds to the type of a new socket. */
export function flagsOf({ nonBlocking = true }: SocketOptions): number {
  requireBoolean(nonBlocking, "nonBlocking");
  return SOCK_CLOEXEC | (nonBlocking ? SOCK_NONBLOCK : 0);
}

import { ok, requireKnown } from "@posixly/sys";
import { flagsOf, type SocketOptions } from "./create.ts";
import { type Domain, domainNumber } from "./domain.ts";
import { libc } from "./libc.ts";
import { type Protocol, protocolNumber } from "./protocol.ts";
import { Socket } from "./socket.ts";
import { type SocketType, typeNumber } from "./type.ts";

/**
 * What kind of sockets a pair is made of.
 *
 * @example Usage
 * ```ts
 * import { socketPair, type SocketPairOptions } from "@posixly/socket";
 *
 * const blocking: SocketPairOptions = { nonBlocking: false };
 * using pair = socketPair("stream", blocking);
 * ```
 */
export interface SocketPairOptions extends SocketOptions {
  /** Which family; by default `unix`. `tipc` is the only other that has pairs. */
  readonly domain?: Domain | number;
  /** Which protocol; by default the one that the family has for the type. */
  readonly protocol?: Protocol | number;
}

/**
 * Two sockets that are connected to each other, see {@linkcode socketPair}.
 *
 * @example Usage
 * ```ts
 * import { type SocketPair, socketPair } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * const pair: SocketPair = socketPair();
 * pair[Symbol.dispose]();
 * assert.ok(pair.first.closed && pair.second.closed);
 * ```
 */
export interface SocketPair extends Disposable {
  /** One of them. */
  readonly first: Socket;
  /** The other; there is no difference. */
  readonly second: Socket;
}

/**
 * Makes two sockets that are connected to each other, socketpair(2), both close-on-exec: a pipe
 * that goes both ways, and that descriptors can be passed through.
 *
 * @param type How they talk: `stream`, `datagram` or `seqpacket`
 * @param options Family, protocol, whether they block
 * @returns The sockets; disposing of the pair closes both
 * @throws {SyscallError} `EOPNOTSUPP` if the family has no pairs, `EMFILE` or `ENFILE` if too
 * many descriptors are open
 * @throws {TypeError | RangeError} If there is no such name, or an option is not as described
 *
 * @example Usage
 * ```ts
 * import { receive, send, socketPair } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * using pair = socketPair("datagram");
 * send(pair.first, new Uint8Array([1, 2, 3]));
 * send(pair.first, new Uint8Array([4]));
 *
 * const buffer = new Uint8Array(16);
 * assert.equal(receive(pair.second, buffer), 3);
 * assert.equal(receive(pair.second, buffer), 1);
 * assert.equal(receive(pair.second, buffer), null); // nothing yet
 * ```
 */
export function socketPair(
  type: SocketType | number = "stream",
  options: SocketPairOptions = {},
): SocketPair {
  requireKnown(options, ["domain", "nonBlocking", "protocol"]);
  const { domain = "unix", protocol = 0 } = options;
  const family = domainNumber(domain);
  const kind = typeNumber(type) | flagsOf(options);
  const fds = new Int32Array(2);
  ok(libc.socketpair(family, kind, protocolNumber(protocol, family), fds), "socketpair");
  return pairOf(new Socket(fds[0]), new Socket(fds[1]));
}

/** Two ends that are closed together, even if one of them cannot be. */
export function pairOf<End extends Socket>(
  first: End,
  second: End,
): Disposable & { readonly first: End; readonly second: End } {
  return {
    first,
    second,
    [Symbol.dispose]() {
      using _first = first;
      second.close();
    },
  };
}

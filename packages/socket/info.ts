import { type AsFd, fdOf } from "@posixly/fd";
import { type Domain, domainName } from "./domain.ts";
import { SO_ACCEPTCONN, SO_DOMAIN, SO_PROTOCOL, SO_TYPE } from "./libc.ts";
import { type Protocol, protocolName } from "./protocol.ts";
import { socketLevel } from "./socket_level.ts";
import { type SocketType, typeName } from "./type.ts";

/**
 * What kind of socket it is, see {@linkcode socketInfo}. A number stands where there is no name.
 *
 * @example Usage
 * ```ts
 * import { socket, type SocketInfo, socketInfo } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * const isTcp = ({ type, protocol }: SocketInfo) => type === "stream" && protocol === "tcp";
 * using server = socket("ipv4", "stream");
 * assert.ok(isTcp(socketInfo(server)));
 * ```
 */
export interface SocketInfo {
  /** Which family, `SO_DOMAIN`. */
  readonly domain: Domain | number;
  /** How it talks, `SO_TYPE`. */
  readonly type: SocketType | number;
  /** Which protocol, `SO_PROTOCOL`. */
  readonly protocol: Protocol | number;
  /** Whether it listens for connections, `SO_ACCEPTCONN`. */
  readonly listening: boolean;
}

/**
 * What kind of socket a descriptor is, by four options of socket(7): for one that came from
 * elsewhere, see {@linkcode adopt}.
 *
 * @param fd The socket
 * @returns Its family, type and protocol, and whether it listens
 * @throws {SyscallError} `ENOTSOCK` if it is no socket
 *
 * @example Usage
 * ```ts
 * import { socket, socketInfo } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * using udp = socket("ipv6", "datagram");
 * assert.deepEqual(socketInfo(udp), {
 *   domain: "ipv6",
 *   type: "datagram",
 *   protocol: "udp",
 *   listening: false,
 * });
 * ```
 */
export function socketInfo(fd: AsFd): SocketInfo {
  const number = fdOf(fd);
  const domain = socketLevel(number, SO_DOMAIN);
  return {
    domain: domainName(domain),
    type: typeName(socketLevel(number, SO_TYPE)),
    protocol: protocolName(socketLevel(number, SO_PROTOCOL), domain),
    listening: socketLevel(number, SO_ACCEPTCONN) === 1,
  };
}

import type { WaitOptions } from "@posixly/mux";
import { type AddressLike, localAddress, socket } from "@posixly/socket";
import { type Bytes, requireBytes, requireKnown, requireName } from "@posixly/sys";
import { asks, prepared, type RawSocketAsks } from "./create_raw_socket.ts";
import { ICMP6_ECHO_REQUEST, ICMP_ECHO } from "./libc.ts";
import { permitted } from "./raw_access_error.ts";
import { RawSocket } from "./raw_socket.ts";

/** A message of ICMP has no less. */
const HEADER = 8;

/**
 * A socket that pings and can do nothing else, icmp(7), made by {@linkcode pingSocket}.
 *
 * @example Usage
 * ```ts network
 * import { type PingSocket, pingSocket } from "@posixly/raw";
 * import assert from "node:assert/strict";
 * import { writeFileSync } from "node:fs";
 *
 * // What an administrator does once, with sysctl(8)
 * writeFileSync("/proc/sys/net/ipv4/ping_group_range", "0 2147483647");
 *
 * using socket: PingSocket = pingSocket("ipv4");
 * assert.ok(socket.identifier > 0);
 * ```
 */
export class PingSocket extends RawSocket {
  /** The identifier that the kernel writes into what is sent, and finds the answers by. */
  get identifier(): number {
    return (localAddress(this) as { port: number }).port;
  }

  /**
   * Sends an echo request. The kernel writes its identifier and its checksum.
   *
   * @param bytes The message: type 8, or 128 of ICMPv6, code 0, two bytes and two more that the
   * kernel writes, two for the sequence number, and what shall come back
   * @param to Where to: an address with port 0, or just the host
   * @param options How to give up waiting
   * @returns Resolves when the kernel has it
   * @throws {SyscallError} As that of {@linkcode RawSocket}
   * @throws {TypeError | RangeError} If `bytes` is no echo request; else as that of
   * {@linkcode RawSocket}
   */
  override async send(bytes: Bytes, to?: AddressLike, options?: WaitOptions): Promise<void> {
    const { buffer, byteOffset, byteLength } = requireBytes(bytes, "bytes");
    if (byteLength < HEADER) {
      throw new RangeError(`an echo request must have ${HEADER} bytes or more, not ${byteLength}`);
    }
    const [type, code] = new Uint8Array(buffer, byteOffset, 2);
    const request = this.family === "ipv4" ? ICMP_ECHO : ICMP6_ECHO_REQUEST;
    if (type !== request || code !== 0) {
      throw new RangeError(
        `an echo request must have type ${request} and code 0, not ${type} and ${code}`,
      );
    }
    await super.send(bytes, to, options);
  }
}

/**
 * A ping socket, icmp(7): echo requests go out and their answers come in, without
 * `CAP_NET_RAW`. The groups in the system's setting `net.ipv4.ping_group_range` may have one, also
 * of IPv6.
 *
 * Both families begin with the message of ICMP, and come without the header of IP. The kernel
 * writes the identifier, so answers are known by sequence and content; those to others' pings do
 * not come. That a host cannot be reached is told by `receiveError`, if the option
 * `ipReceiveError` or `ipv6ReceiveError` is set.
 *
 * @param family `ipv4` or `ipv6`
 * @param options What it is told by and where it is; the port of `address` is the identifier, 0
 * lets the kernel choose
 * @returns The socket
 * @throws {RawAccessError} `EACCES` if no group of ours may have one; it says what to do
 * @throws {SyscallError} `EADDRINUSE` if another socket has the identifier; `EADDRNOTAVAIL` if this
 * machine has no such address, `ENODEV` if there is no such interface
 * @throws {TypeError | RangeError} If there is no such family, or an option is not as described
 *
 * @example Usage
 * ```ts network
 * import { pingSocket } from "@posixly/raw";
 * import assert from "node:assert/strict";
 * import { writeFileSync } from "node:fs";
 *
 * // What an administrator does once, with sysctl(8)
 * writeFileSync("/proc/sys/net/ipv4/ping_group_range", "0 2147483647");
 *
 * using socket = pingSocket("ipv4", { receiveTtl: true });
 * await socket.send(new Uint8Array([8, 0, 0, 0, 0, 0, 0, 1, 42]), "127.0.0.1");
 * const { bytes, ttl } = await socket.receive({ timeout: 5000 });
 * assert.equal(bytes[0], 0); // an echo reply,
 * assert.equal(bytes[4] << 8 | bytes[5], socket.identifier);
 * assert.deepEqual([...bytes.subarray(6)], [0, 1, 42]); // with what we sent
 * assert.equal(ttl, 64);
 * ```
 */
export function pingSocket(family: "ipv4" | "ipv6", options: RawSocketAsks = {}): PingSocket {
  requireName(["ipv4", "ipv6"], family, "family");
  requireKnown(options, asks);
  const { address = family === "ipv4" ? "0.0.0.0" : "::", ...others } = options;
  const protocol = family === "ipv4" ? "icmp" : "icmpv6";
  return prepared(
    family,
    { address, ...others },
    { reuseAddress: false }, // the kernel would give another socket our answers
    () => new PingSocket(permitted("ping", () => socket(family, "datagram", protocol)).release()),
  );
}

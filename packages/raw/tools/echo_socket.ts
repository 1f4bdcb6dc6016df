import { randomInt } from "node:crypto";
import type { SettableOptions } from "@posixly/socket";
import { pingSocket } from "../ping_socket.ts";
import { rawSocket, type RawSocketAsks } from "../create_raw_socket.ts";
import { ECHO } from "./echo.ts";
import type { IpFamily } from "./host.ts";
import { RawAccessError } from "../raw_access_error.ts";
import type { RawSocket } from "../raw_socket.ts";
import { attachSoundingFilter, soundingOptions } from "./sounding.ts";

/**
 * Which kind of socket echo requests are sent by: `raw` needs `CAP_NET_RAW`; `ping` needs a group
 * of `net.ipv4.ping_group_range`, and the kernel finds the answers that are for it.
 *
 * @example Usage
 * ```ts
 * import { type PingOptions, type PingWay } from "@posixly/raw";
 *
 * const way: PingWay = "ping";
 * const modest: PingOptions = { way };
 * ```
 */
export type PingWay = "raw" | "ping";

/** Where and how a socket for echoes is. */
export interface EchoAsks {
  readonly way: PingWay | undefined;
  readonly interface: string | number | undefined;
  readonly address: string | undefined;
  readonly options: Partial<SettableOptions>;
}

/** A socket for echoes. */
export interface EchoSocket {
  readonly socket: RawSocket;
  readonly way: PingWay;
  readonly identifier: number;
}

/**
 * A raw socket if that is permitted, and else a ping socket.
 *
 * @throws {RawAccessError} If neither is; of the raw socket, which knows both remedies
 */
export function echoSocket(
  family: IpFamily,
  { way, interface: name, address, options }: EchoAsks,
): EchoSocket {
  const asks = { interface: name, address, options: { ...soundingOptions(family), ...options } };
  const ping = (): EchoSocket => {
    const socket = pingSocket(family, asks);
    return { socket, way: "ping", identifier: socket.identifier };
  };
  if (way === "ping") return ping();
  try {
    return rawEcho(family, asks);
  } catch (refusal) {
    if (way === "raw" || !(refusal instanceof RawAccessError)) throw refusal;
    try {
      return ping();
    } catch (error) {
      throw error instanceof RawAccessError ? refusal : error;
    }
  }
}

/** Every raw socket gets a copy of every packet: the answers to others' pings are kept out here. */
function rawEcho(family: IpFamily, asks: RawSocketAsks): EchoSocket {
  const protocol = family === "ipv4" ? "icmp" : "icmpv6";
  const identifier = randomInt(0x1_0000);
  const socket = rawSocket(family, protocol, { ...asks, icmpTypes: [ECHO[family].reply] });
  try {
    attachSoundingFilter(
      socket,
      `${idOf[family]}\njeq #${identifier}, keep, drop\nkeep: ret #-1\ndrop: ret #0`,
    );
    return { socket, way: "raw", identifier };
  } catch (error) {
    socket.close();
    throw error;
  }
}

/** Where the identifier is: IPv4 comes with its header, IPv6 without. */
const idOf: Readonly<Record<IpFamily, string>> = {
  ipv4: "ldxb 4*([0]&0xf)\nldh [x + 4]",
  ipv6: "ldh [4]",
};

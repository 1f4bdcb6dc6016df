import { bind, setOptions, type Socket, socket } from "@posixly/socket";
import { SyscallError } from "@posixly/sys";
import { addressAt } from "./host.ts";
import { localPort } from "./local_port.ts";
import type { Sockets } from "./reservation.ts";

/** Where a port is held, and for what. */
export interface Place {
  /** The one address at which it is held; by default all that there are, of the family. */
  readonly host?: string;
  readonly family: "ipv4" | "ipv6" | "both";
  readonly protocol: "tcp" | "udp" | "both";
  /** Whether it may be in TIME_WAIT, as it may for a server. */
  readonly reuseAddress?: boolean;
}

type Type = "stream" | "datagram";

/**
 * Binds sockets to a port, without any option that shares it.
 *
 * @param port The port, or 0 for one that the kernel chooses
 * @param place Where
 * @returns The sockets, all at the same port
 * @throws {SyscallError} `EADDRINUSE` or `EACCES` if it cannot be had, and nothing stays bound
 */
export function hold(port: number, place: Place): Sockets & { readonly port: number } {
  const { protocol } = place;
  const tcp = protocol === "udp" ? null : bound("stream", port, place);
  if (protocol === "tcp") return { tcp, udp: null, port: localPort(tcp!)! };
  try {
    const udp = bound("datagram", tcp === null ? port : localPort(tcp)!, place);
    return { tcp, udp, port: localPort(udp)! };
  } catch (error) {
    tcp?.close();
    throw error;
  }
}

function bound(type: Type, port: number, place: Place): Socket {
  const { host } = place;
  if (host === undefined) return boundEverywhere(type, port, place);
  // What is free at one address may be taken at another, and whoever connects to localhost would
  // be answered by one or by the other. Both cannot be held at once; whoever comes in between is
  // noticed by the second.
  using everywhere = boundEverywhere(type, port, { ...place, family: "both" });
  const free = localPort(everywhere)!;
  everywhere.close();
  return boundTo(host, type, free, place);
}

function boundEverywhere(type: Type, port: number, place: Place): Socket {
  const { family } = place;
  if (family === "ipv4") return boundTo("0.0.0.0", type, port, place);
  try {
    return boundTo("::", type, port, place);
  } catch (error) {
    if (family === "ipv6" || !isWithoutIpv6(error)) throw error;
    return boundTo("0.0.0.0", type, port, place);
  }
}

function isWithoutIpv6(error: unknown): boolean {
  return error instanceof SyscallError &&
    (error.code === "EAFNOSUPPORT" || error.code === "EADDRNOTAVAIL");
}

function boundTo(host: string, type: Type, port: number, place: Place): Socket {
  const address = addressAt(host, port);
  const { family, reuseAddress = false } = place;
  const held = socket(address.family as "ipv4" | "ipv6", type);
  try {
    if (reuseAddress) setOptions(held, { reuseAddress });
    if (address.family === "ipv6") setOptions(held, { ipv6Only: family === "ipv6" });
    bind(held, address);
    return held;
  } catch (error) {
    held.close();
    throw error;
  }
}

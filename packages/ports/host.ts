import { parseAddress, type SocketAddress } from "@posixly/socket";

/** The address that a port of a host has; the host is an address of IPv4 or IPv6. */
export function addressAt(host: string, port: number): SocketAddress {
  return parseAddress(host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`);
}

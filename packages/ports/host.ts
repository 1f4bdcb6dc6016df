import { type Ipv4Address, type Ipv6Address, parseAddress } from "@posixly/socket";

/** The address that a port of a host has; the host is an address of IPv4 or IPv6. */
export function addressAt(host: string, port: number): Ipv4Address | Ipv6Address {
  const text = host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
  return parseAddress(text) as Ipv4Address | Ipv6Address;
}

/** Whether it is an address of this machine that only itself can reach. */
export function isLoopback(host: string): boolean {
  return /^(::ffff:)?127\.|^::1$/.test(host);
}

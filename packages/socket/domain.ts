import { oneOf, requireInteger } from "@posixly/sys";
import {
  AF_ALG,
  AF_BLUETOOTH,
  AF_CAN,
  AF_INET,
  AF_INET6,
  AF_NETLINK,
  AF_PACKET,
  AF_TIPC,
  AF_UNIX,
  AF_VSOCK,
  AF_XDP,
} from "./libc.ts";
import { nameIn } from "./name_in.ts";

const domains = {
  alg: AF_ALG,
  bluetooth: AF_BLUETOOTH,
  can: AF_CAN,
  ipv4: AF_INET,
  ipv6: AF_INET6,
  netlink: AF_NETLINK,
  packet: AF_PACKET,
  tipc: AF_TIPC,
  unix: AF_UNIX,
  vsock: AF_VSOCK,
  xdp: AF_XDP,
};

/**
 * The family of a socket, address_families(7): who can be talked to, and what their addresses
 * look like. For any other, pass its number.
 *
 * @example Usage
 * ```ts
 * import { type Domain, socket } from "@posixly/socket";
 *
 * const families: Domain[] = ["ipv4", "unix"];
 * for (const domain of families) socket(domain, "datagram").close();
 * ```
 */
export type Domain =
  | "alg"
  | "bluetooth"
  | "can"
  | "ipv4"
  | "ipv6"
  | "netlink"
  | "packet"
  | "tipc"
  | "unix"
  | "vsock"
  | "xdp";

/** The number of a family, checked. */
export function domainNumber(domain: Domain | number): number {
  if (typeof domain === "number") return requireInteger(domain, "domain", 0, 0xffff);
  return oneOf(domains, domain, "domain");
}

/** The name of a family, if it has one. */
export function domainName(number: number): Domain | number {
  return nameIn(domains, number);
}

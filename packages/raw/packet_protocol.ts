import type { Protocol } from "@posixly/socket";
import { oneOf, requireInteger } from "@posixly/sys";
import { ETH_P_8021Q, ETH_P_ALL, ETH_P_ARP, ETH_P_IP, ETH_P_IPV6 } from "./libc.ts";

/** The names that `socket` has for types of Ethernet, too. */
const protocols: Readonly<Record<string, number>> = {
  all: ETH_P_ALL,
  arp: ETH_P_ARP,
  ipv4: ETH_P_IP,
  ipv6: ETH_P_IPV6,
  vlan: ETH_P_8021Q,
};

/** The type of Ethernet that a name stands for, checked. */
export function protocolOf(protocol: Protocol | number): number {
  return typeof protocol === "number"
    ? requireInteger(protocol, "protocol", 0, 0xffff)
    : oneOf(protocols, protocol, "protocol");
}

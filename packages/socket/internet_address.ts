import { show } from "@posixly/sys";
import type { AddressLike, SocketAddress } from "./address.ts";
import { parseAddress } from "./parse_address.ts";

/** An address of the internet, of either version. */
export type InternetAddress = Extract<SocketAddress, { family: "ipv4" | "ipv6" }>;

/** Checks that an address is one of the internet. */
export function internetAddress(address: AddressLike): InternetAddress {
  const value = typeof address === "string" ? parseAddress(address) : address;
  if (typeof value !== "object" || value === null) {
    throw new TypeError(`address must be an object or text, not ${show(value)}`);
  }
  if (value.family === "ipv4" || value.family === "ipv6") return value;
  throw new TypeError(`address must be one of the internet, not of ${value.family}`);
}

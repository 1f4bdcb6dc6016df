import { type AddressLike, encodeAddress, parseAddress, type SocketAddress } from "@posixly/socket";

/**
 * The address that a raw socket sends to or has. A host is enough, since there are no ports: what
 * is said of one must be 0, which IPv6 checks.
 */
export function rawAddress(address: AddressLike, family: "ipv4" | "ipv6"): SocketAddress {
  const value = typeof address === "string" ? fromText(address, family) : address;
  encodeAddress(value); // checked
  if (value.family === family) return value;
  throw new TypeError(`address must be one of ${family}, not of ${value.family}`);
}

function fromText(text: string, family: "ipv4" | "ipv6"): SocketAddress {
  if (family === "ipv4") {
    return text.includes(":") ? parseAddress(text) : { family, host: text, port: 0 };
  }
  return parseAddress(text.startsWith("[") ? text : `[${text}]:0`);
}

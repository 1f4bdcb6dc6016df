import type { AddressLike } from "./address.ts";
import { decodeAddress, encodeAddress } from "./sockaddr.ts";
import { toText } from "./to_text.ts";

/**
 * The text of an address, in one line and with nothing in it that is not seen;
 * {@linkcode parseAddress} reads it. Interfaces are shown by index, since names may change.
 *
 * @param address The address, or any text of it
 * @returns Its text
 * @throws {TypeError | RangeError} If it is no address
 *
 * @example Usage
 * ```ts
 * import { formatAddress } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * assert.equal(formatAddress({ family: "ipv6", host: "0::1", port: 80 }), "[::1]:80");
 * assert.equal(formatAddress({ family: "unix", abstract: "a\0b" }), "unix:@a\\x00b");
 * ```
 */
export function formatAddress(address: AddressLike): string {
  return toText(decodeAddress(encodeAddress(address)));
}

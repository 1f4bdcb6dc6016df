import { requireBytes, requireInteger, show } from "@posixly/sys";
import type { AddressLike, OtherAddress, SocketAddress } from "./address.ts";
import {
  AF_CAN,
  AF_INET,
  AF_INET6,
  AF_NETLINK,
  AF_PACKET,
  AF_UNIX,
  AF_UNSPEC,
  AF_VSOCK,
  sockaddrStorage,
} from "./libc.ts";
import { fromText } from "./from_text.ts";
import { readCan, writeCan } from "./sockaddr_can.ts";
import { readIn, readIn6, writeIn, writeIn6 } from "./sockaddr_in.ts";
import { readNl, writeNl } from "./sockaddr_nl.ts";
import { readLl, writeLl } from "./sockaddr_ll.ts";
import { readUn, writeUn } from "./sockaddr_un.ts";
import { readVm, writeVm } from "./sockaddr_vm.ts";

/**
 * How many bytes hold any address: the size of `struct sockaddr_storage`, which the kernel takes
 * no more than.
 *
 * @example Usage
 * ```ts
 * import { ADDRESS_SIZE, writeAddress } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * const name = new Uint8Array(ADDRESS_SIZE);
 * assert.equal(writeAddress("unix:/run/x.sock", name), 2 + 11 + 1);
 * ```
 */
export const ADDRESS_SIZE: number = sockaddrStorage.size;

/** What comes before the bytes of a family's own. */
const FAMILY_SIZE = 2;

/**
 * The C form of an address: `struct sockaddr_in` and its kin, as long as `bind` and `connect`
 * want it.
 *
 * @param address The address, or its text
 * @returns Its bytes, a copy
 * @throws {TypeError | RangeError} If it is no address: a host that is a name (resolve it first,
 * with `node:dns`), a path that is empty, holds a NUL or has more than 108 bytes, a number that is
 * out of range
 *
 * @example Usage
 * ```ts
 * import { encodeAddress } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * const bytes = encodeAddress({ family: "ipv4", host: "127.0.0.1", port: 0x1234 });
 * assert.deepEqual([...bytes], [2, 0, 0x12, 0x34, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
 * ```
 */
export function encodeAddress(address: AddressLike): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(ADDRESS_SIZE);
  return bytes.slice(0, writeAddress(address, bytes));
}

/**
 * As {@linkcode encodeAddress}, into a buffer that is used again and again: for an address of
 * `ipv4` or `ipv6`, nothing is allocated.
 *
 * @param address The address, or its text
 * @param into Where to: {@linkcode ADDRESS_SIZE} bytes at least, of which all that many are written
 * @returns How many bytes the address has
 * @throws {TypeError | RangeError} If it is no address, or the buffer too small
 *
 * @example Usage
 * ```ts
 * import { ADDRESS_SIZE, writeAddress } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * const name = new Uint8Array(ADDRESS_SIZE);
 * assert.equal(writeAddress({ family: "ipv4", host: "127.0.0.1", port: 80 }, name), 16);
 * assert.equal(writeAddress({ family: "ipv6", host: "::1", port: 80 }, name), 28);
 * ```
 */
export function writeAddress(address: AddressLike, into: Uint8Array): number {
  const value = typeof address === "string" ? fromText(address) : address;
  if (typeof value !== "object" || value === null) {
    throw new TypeError(`address must be an object or text, not ${show(value)}`);
  }
  if (!(into instanceof Uint8Array) || into.length < ADDRESS_SIZE) throw tooSmall(into);
  into.fill(0, 0, ADDRESS_SIZE); // nothing of the last address goes along
  switch (value.family) {
    case "ipv4":
      return writeIn(value, into);
    case "ipv6":
      return writeIn6(value, into);
    case "unix":
      return writeUn(value, into);
    case "vsock":
      return writeVm(value, into);
    case "netlink":
      return writeNl(value, into);
    case "packet":
      return writeLl(value, into);
    case "can":
      return writeCan(value, into);
    default:
      return writeOther(value, into);
  }
}

function tooSmall(into: Uint8Array): Error {
  if (!(into instanceof Uint8Array)) return new TypeError("into must be a Uint8Array");
  return new RangeError(`into must have ${ADDRESS_SIZE} bytes at least, not ${into.length}`);
}

function writeOther({ family, bytes }: OtherAddress, into: Uint8Array): number {
  if (typeof family !== "number") {
    throw new TypeError(`there is no family ${show(family)}; others go by their number`);
  }
  requireInteger(family, "family", 0, 0xffff);
  if (!(bytes instanceof Uint8Array)) throw new TypeError("bytes must be a Uint8Array");
  const room = ADDRESS_SIZE - FAMILY_SIZE;
  if (requireBytes(bytes, "bytes").length > room) {
    throw new RangeError(`bytes must be ${room} at most, not ${bytes.length}`);
  }
  into[0] = family & 0xff;
  into[1] = family >> 8;
  into.set(bytes, FAMILY_SIZE);
  return FAMILY_SIZE + bytes.length;
}

const readers = new Map<
  number,
  (bytes: Uint8Array, length: number) => SocketAddress | undefined
>([
  [AF_INET, readIn],
  [AF_INET6, readIn6],
  [AF_UNIX, readUn],
  [AF_VSOCK, readVm],
  [AF_NETLINK, readNl],
  [AF_PACKET, readLl],
  [AF_CAN, readCan],
]);

/**
 * The address that the kernel wrote.
 *
 * @param bytes Where it lies
 * @param length How long the kernel says it is; more than there is means that it was cut short,
 * or, for a path of 108 bytes, that the kernel counts a NUL which it has no room for
 * @returns The address. What is too short for its family comes as {@linkcode OtherAddress}, and
 * so does family 0, which is no address: a length of 0 gives that too, as when a datagram came
 * from an unnamed socket of Unix
 * @throws {TypeError | RangeError} If `bytes` is no `Uint8Array`, or `length` no length
 *
 * @example Usage
 * ```ts
 * import { decodeAddress, encodeAddress } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * const bytes = encodeAddress("[::1]:80");
 * assert.deepEqual(decodeAddress(bytes), { family: "ipv6", host: "::1", port: 80 });
 * assert.deepEqual(decodeAddress(bytes, 0), { family: 0, bytes: new Uint8Array() });
 * ```
 */
export function decodeAddress(bytes: Uint8Array, length: number = bytes?.length): SocketAddress {
  if (!(bytes instanceof Uint8Array)) throw new TypeError("bytes must be a Uint8Array");
  const filled = Math.min(requireInteger(length, "length"), bytes.length);
  const family = filled < FAMILY_SIZE ? AF_UNSPEC : bytes[0] | bytes[1] << 8;
  return readers.get(family)?.(bytes, filled) ??
    { family, bytes: new Uint8Array(bytes.subarray(FAMILY_SIZE, filled)) };
}

/**
 * Whether two addresses are the same, however they are written: `::1` is `0::1`, and the text
 * "unix:@x" is `{ family: "unix", abstract: "x" }`. Another scope or flow is another address.
 *
 * @param a One address, or its text
 * @param b Another one, or its text
 * @returns Whether the kernel would see the same
 * @throws {TypeError | RangeError} If one of them is no address
 *
 * @example Usage
 * ```ts
 * import { sameAddress } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * assert.ok(sameAddress("[0::1]:80", { family: "ipv6", host: "::1", port: 80 }));
 * assert.ok(!sameAddress("[fe80::1%1]:80", "[fe80::1%2]:80"));
 * ```
 */
export function sameAddress(a: AddressLike, b: AddressLike): boolean {
  const bytes = encodeAddress(a);
  const others = encodeAddress(b);
  return bytes.length === others.length && bytes.every((byte, i) => byte === others[i]);
}

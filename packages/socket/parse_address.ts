import { show } from "@posixly/sys";
import type { SocketAddress } from "./address.ts";
import { decodeAddress, encodeAddress } from "./sockaddr.ts";

/**
 * The address that a text means:
 *
 * - `127.0.0.1:80`
 * - `[::1]:80`; `[fe80::1%eth0]:80` or `[fe80::1%2]:80` with a scope, by the interface's name or
 *   index; `[::1]:80?flow=0x12345` with a flow label
 * - `unix:/run/x.sock`, a path; `unix:@name`, an abstract name; `unix:`, no name
 * - `vsock:2:1024`, a machine and a port; flags may follow
 * - `netlink:0:0`, a port and groups
 * - `packet:eth0:0x0800`, an interface and a protocol; a hardware type, a packet type and a
 *   hardware address may follow, as in `packet:2:0x0800:1:host:02:00:5e:10:00:01`
 * - `can:can0`, an interface; bytes may follow, as pairs of hexadecimal digits
 * - `family:31:00ff`, any other family by its number, and its bytes
 *
 * An interface is its index or its name. In a name of Unix, `\x00` stands for a byte, and `\\` for
 * a backslash; a path that begins with `@` is written `\x40`.
 *
 * @param text The text
 * @returns The address, as the kernel would tell it
 * @throws {TypeError | RangeError} If it is none: a host that is a name (resolve it first, with
 * `node:dns`), no port, a number that is out of range
 * @throws {SyscallError} `ENODEV` if there is no interface of that name
 *
 * @example Usage
 * ```ts
 * import { parseAddress } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(parseAddress("[fe80:0::1%lo]:80"), {
 *   family: "ipv6",
 *   host: "fe80::1",
 *   port: 80,
 *   scope: 1,
 * });
 * assert.deepEqual(parseAddress("unix:@x"), { family: "unix", abstract: "x" });
 * assert.throws(() => parseAddress("localhost:80"), { message: /resolved with node:dns first/ });
 * ```
 */
export function parseAddress(text: string): SocketAddress {
  if (typeof text !== "string") throw new TypeError(`text must be a string, not ${show(text)}`);
  return decodeAddress(encodeAddress(text));
}

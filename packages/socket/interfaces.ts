import { open, OwnedFd, readAll } from "@posixly/fd";
import { cstring, errno, fromCString, ok, requireInteger } from "@posixly/sys";
import {
  AF_UNIX,
  IF_NAMESIZE,
  ifreq,
  libc,
  SIOCGIFINDEX,
  SIOCGIFNAME,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
} from "./libc.ts";

/**
 * A network interface, as {@linkcode interfaces} lists them.
 *
 * @example Usage
 * ```ts
 * import { interfaces, type NetworkInterface } from "@posixly/socket";
 *
 * const show = ({ index, name }: NetworkInterface) => `${index}: ${name}`;
 * console.log(interfaces().map(show).join("\n"));
 * ```
 */
export interface NetworkInterface {
  /** Its number, which it keeps for life. */
  readonly index: number;
  /** Its name, which the administrator may change. */
  readonly name: string;
}

/**
 * The index of a network interface, if_nametoindex(3): what an address has for its scope.
 *
 * @param name Its name, such as `eth0`
 * @returns Its index, 1 or more
 * @throws {SyscallError} `ENODEV` if there is no such interface in our network namespace, `EMFILE`
 * or `ENFILE` if too many descriptors are open
 * @throws {TypeError | RangeError} If it is no name, which has 1 to 15 bytes
 *
 * @example Usage
 * ```ts
 * import { interfaceIndex, interfaceName } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * assert.equal(interfaceName(interfaceIndex("lo")), "lo");
 * assert.throws(() => interfaceIndex("nowhere"), { code: "ENODEV" });
 * ```
 */
export function interfaceIndex(name: string): number {
  const request = requestFor(name);
  ok(ask(SIOCGIFINDEX, request), "ioctl", { address: name });
  return ifreq.view(request).ifr_ifindex;
}

/**
 * The name of a network interface, if_indextoname(3).
 *
 * @param index Its index, such as the scope of an address
 * @returns Its name
 * @throws {SyscallError} `ENODEV` if there is no such interface in our network namespace, `EMFILE`
 * or `ENFILE` if too many descriptors are open
 * @throws {TypeError | RangeError} If it is no index
 *
 * @example Usage
 * ```ts
 * import { interfaceName } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * assert.equal(interfaceName(1), "lo");
 * assert.throws(() => interfaceName(2 ** 31 - 1), { code: "ENODEV" });
 * ```
 */
export function interfaceName(index: number): string {
  const request = ifreq.encode({ ifr_ifindex: requireInteger(index, "index", 1) });
  ok(ask(SIOCGIFNAME, request), "ioctl", { address: `interface ${index}` });
  return fromCString(request.subarray(0, IF_NAMESIZE));
}

/**
 * The network interfaces there are, if_nameindex(3), also those that have no address or are down.
 *
 * @returns What they are called, in the order of the kernel
 * @throws {SyscallError} `ENOENT` if `/proc` is not mounted, `EMFILE` or `ENFILE` if too many
 * descriptors are open
 *
 * @example Usage
 * ```ts
 * import { interfaces } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(interfaces().find(({ name }) => name === "lo"), { index: 1, name: "lo" });
 * ```
 */
export function interfaces(): NetworkInterface[] {
  using file = open("/proc/thread-self/net/dev"); // of a thread, as network namespaces are
  const [, , ...lines] = new TextDecoder().decode(readAll(file)).trimEnd().split("\n");
  return lines.flatMap((line) => {
    const name = line.slice(0, line.indexOf(":")).trim();
    const request = requestFor(name);
    const result = ask(SIOCGIFINDEX, request);
    if (result === -errno.ENODEV) return []; // gone meanwhile
    ok(result, "ioctl", { address: name });
    return { index: ifreq.view(request).ifr_ifindex, name };
  });
}

function requestFor(name: string): Uint8Array {
  const terminated = cstring(name, "name");
  if (terminated.length === 1 || terminated.length > IF_NAMESIZE) {
    throw new RangeError(
      `name must be 1 to ${IF_NAMESIZE - 1} bytes, not ${terminated.length - 1}`,
    );
  }
  return ifreq.encode({ ifr_name: terminated });
}

/** Any socket will do to ask about interfaces; errno says more than the C library's 0 does. */
function ask(question: number, request: Uint8Array): number {
  using socket = new OwnedFd(ok(libc.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket"));
  return libc.ioctl$bytes(socket.fd, question, request);
}

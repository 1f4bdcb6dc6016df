/**
 * An address of the internet, version 4: `struct sockaddr_in`, ip(7).
 *
 * @example Usage
 * ```ts
 * import { formatAddress, type Ipv4Address } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * const web: Ipv4Address = { family: "ipv4", host: "127.0.0.1", port: 80 };
 * assert.equal(formatAddress(web), "127.0.0.1:80");
 * ```
 */
export interface Ipv4Address {
  /** `AF_INET`. */
  readonly family: "ipv4";
  /** Four numbers, such as `127.0.0.1`; never a name. */
  readonly host: string;
  /** The port, 0 to 65535; for `bind`, 0 lets the kernel choose. */
  readonly port: number;
}

/**
 * An address of the internet, version 6: `struct sockaddr_in6`, ipv6(7).
 *
 * @example A neighbour, by an interface
 * ```ts
 * import { formatAddress, type Ipv6Address } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * const neighbour: Ipv6Address = { family: "ipv6", host: "fe80::1", port: 80, scope: 2 };
 * assert.equal(formatAddress(neighbour), "[fe80::1%2]:80");
 * ```
 */
export interface Ipv6Address {
  /** `AF_INET6`. */
  readonly family: "ipv6";
  /** Such as `::1`; never a name, and without brackets or `%`. */
  readonly host: string;
  /** The port, 0 to 65535; for `bind`, 0 lets the kernel choose. */
  readonly port: number;
  /**
   * The index of the interface by which a link-local address is meant, as `interfaceIndex` tells;
   * absent where it is 0.
   */
  readonly scope?: number;
  /** The flow label, 20 bits, with the traffic class above it; absent where it is 0. */
  readonly flow?: number;
}

/**
 * An address of this machine: `struct sockaddr_un`, unix(7). It has a `path`, or a name that is
 * `abstract`, or neither: then it is unnamed, and `bind` lets the kernel choose an abstract name.
 *
 * What the kernel tells is a string where the bytes are UTF-8, and else the bytes.
 *
 * @example Usage
 * ```ts
 * import { formatAddress, type UnixAddress } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * const file: UnixAddress = { family: "unix", path: "/run/x.sock" };
 * const abstract: UnixAddress = { family: "unix", abstract: "x" };
 * const unnamed: UnixAddress = { family: "unix" };
 * assert.deepEqual([file, abstract, unnamed].map(formatAddress), [
 *   "unix:/run/x.sock",
 *   "unix:@x",
 *   "unix:",
 * ]);
 * ```
 */
export interface UnixAddress {
  /** `AF_UNIX`. */
  readonly family: "unix";
  /** Where it is in the file system: 1 to 108 bytes without a NUL. */
  readonly path?: string | Uint8Array;
  /** Its name among those that no file stands for: 0 to 107 bytes of any kind. */
  readonly abstract?: string | Uint8Array;
}

/**
 * An address between virtual machines and their host: `struct sockaddr_vm`, vsock(7).
 *
 * @example Usage
 * ```ts
 * import { formatAddress, type VsockAddress } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * const host: VsockAddress = { family: "vsock", cid: 2, port: 1024 };
 * assert.equal(formatAddress(host), "vsock:2:1024");
 * ```
 */
export interface VsockAddress {
  /** `AF_VSOCK`. */
  readonly family: "vsock";
  /** Which machine, 32 bits: 2 is the host, 1 this machine, 0xffff_ffff any of its own. */
  readonly cid: number;
  /** The port, 32 bits; for `bind`, 0xffff_ffff lets the kernel choose. */
  readonly port: number;
  /** `svm_flags`, 8 bits: 1 to reach a sibling by way of the host; absent where it is 0. */
  readonly flags?: number;
}

/**
 * An address of netlink: `struct sockaddr_nl`, netlink(7).
 *
 * @example The kernel
 * ```ts
 * import { formatAddress, type NetlinkAddress } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * const kernel: NetlinkAddress = { family: "netlink", pid: 0, groups: 0 };
 * assert.equal(formatAddress(kernel), "netlink:0:0");
 * ```
 */
export interface NetlinkAddress {
  /** `AF_NETLINK`. */
  readonly family: "netlink";
  /** Which socket, 32 bits, often the number of its process; 0 is the kernel, or its choice. */
  readonly pid: number;
  /** Which groups, a bit each. */
  readonly groups: number;
}

/**
 * Whom a packet was for: what an address of {@linkcode PacketAddress} says of a packet that came.
 *
 * @example Usage
 * ```ts
 * import type { PacketType } from "@posixly/socket";
 *
 * const ours: PacketType[] = ["host", "broadcast"];
 * ```
 */
export type PacketType =
  | "host"
  | "broadcast"
  | "multicast"
  | "otherHost"
  | "outgoing"
  | "loopback"
  | "user"
  | "kernel";

/**
 * An address of a network card: `struct sockaddr_ll`, packet(7). To `bind`, only `protocol` and
 * `interface` count; what the kernel tells has all of it.
 *
 * @example All packets of all interfaces
 * ```ts
 * import { formatAddress, type PacketAddress } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * const ETH_P_ALL = 3;
 * const everything: PacketAddress = { family: "packet", protocol: ETH_P_ALL, interface: 0 };
 * assert.equal(formatAddress(everything), "packet:0:0x0003");
 * ```
 */
export interface PacketAddress {
  /** `AF_PACKET`. */
  readonly family: "packet";
  /** The type of Ethernet that is carried, 16 bits: such as 0x0800. */
  readonly protocol: number;
  /** The index of the interface; to `bind`, 0 is all of them. */
  readonly interface: number;
  /** What kind of hardware, an `ARPHRD_` number of 16 bits: 1 for Ethernet. */
  readonly hardwareType?: number;
  /** Whom the packet was for; a number of 8 bits where it has no name. */
  readonly packetType?: PacketType | number;
  /** The address of the hardware: 6 bytes for Ethernet, 32 at most. */
  readonly hardwareAddress?: Uint8Array;
}

/**
 * An address of a CAN bus: `struct sockaddr_can`.
 *
 * @example Every bus
 * ```ts
 * import { type CanAddress, formatAddress } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * const every: CanAddress = { family: "can", interface: 0 };
 * assert.equal(formatAddress(every), "can:0");
 * ```
 */
export interface CanAddress {
  /** `AF_CAN`. */
  readonly family: "can";
  /** The index of the interface; to `bind`, 0 is all of them. */
  readonly interface: number;
  /**
   * `can_addr`, up to 16 bytes, for protocols that have addresses on the bus, such as ISO-TP and
   * J1939; absent where all of it is 0.
   */
  readonly detail?: Uint8Array;
}

/**
 * An address of any other family, as its bytes. Also what the kernel cut short, or did not give:
 * family 0, `AF_UNSPEC`, is no address at all.
 *
 * @example AF_UNSPEC, which connect(2) takes to part from a peer
 * ```ts
 * import { encodeAddress, type OtherAddress } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * const nobody: OtherAddress = { family: 0, bytes: new Uint8Array() };
 * assert.deepEqual(encodeAddress(nobody), new Uint8Array([0, 0]));
 * ```
 */
export interface OtherAddress {
  /** The number of the family, `AF_…`. */
  readonly family: number;
  /** What follows the two bytes of the family: 126 at most. */
  readonly bytes: Uint8Array;
}

/**
 * The address of a socket; `family` tells which kind.
 *
 * @example Usage
 * ```ts
 * import { parseAddress, type SocketAddress } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * const portOf = (address: SocketAddress) =>
 *   address.family === "ipv4" || address.family === "ipv6" ? address.port : undefined;
 *
 * assert.equal(portOf(parseAddress("[::1]:80")), 80);
 * assert.equal(portOf(parseAddress("unix:/run/x.sock")), undefined);
 * ```
 */
export type SocketAddress =
  | Ipv4Address
  | Ipv6Address
  | UnixAddress
  | VsockAddress
  | NetlinkAddress
  | PacketAddress
  | CanAddress
  | OtherAddress;

/**
 * What is taken for an address: a {@linkcode SocketAddress}, or the text that `parseAddress`
 * understands.
 *
 * @example Usage
 * ```ts
 * import { type AddressLike, encodeAddress } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * const text: AddressLike = "127.0.0.1:80";
 * const value: AddressLike = { family: "ipv4", host: "127.0.0.1", port: 80 };
 * assert.deepEqual(encodeAddress(text), encodeAddress(value));
 * ```
 */
export type AddressLike = SocketAddress | string;

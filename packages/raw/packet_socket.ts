import { type WaitOptions, whenReadable } from "@posixly/mux";
import {
  type AddressLike,
  DatagramSocket,
  getsockopt,
  type PacketAddress,
  setsockopt,
} from "@posixly/socket";
import { type Bytes, oneOf, requireBytes } from "@posixly/sys";
import { type CapturedPacket, takeFrame } from "./captured_packet.ts";
import { indexOf } from "./interface_name.ts";
import {
  ARPHRD_ETHER,
  ARPHRD_LOOPBACK,
  ETH_HLEN,
  PACKET_ADD_MEMBERSHIP,
  PACKET_DROP_MEMBERSHIP,
  PACKET_FANOUT,
  PACKET_MR_ALLMULTI,
  PACKET_MR_MULTICAST,
  PACKET_MR_PROMISC,
  PACKET_MR_UNICAST,
  packetMreq,
  SO_TYPE,
  SOCK_RAW,
  SOL_PACKET,
  SOL_SOCKET,
} from "./libc.ts";
import { Counters, type PacketStatistics } from "./packet_statistics.ts";

/** What every packet fits into, those too that the card has put together. */
const ROOM = 65_536 + 256;

const kinds = {
  promiscuous: PACKET_MR_PROMISC,
  allMulticast: PACKET_MR_ALLMULTI,
  multicast: PACKET_MR_MULTICAST,
  unicast: PACKET_MR_UNICAST,
};

/**
 * What an interface is to take besides what is for its own address, see
 * {@linkcode PacketSocket.join}.
 *
 * @example Usage
 * ```ts
 * import type { PacketMembership, PacketSocket } from "@posixly/raw";
 *
 * const group: PacketMembership = {
 *   kind: "multicast",
 *   interface: "lo",
 *   address: new Uint8Array([0x01, 0x80, 0xc2, 0, 0, 0x0e]), // LLDP
 * };
 * const join = (socket: PacketSocket) => socket.join(group);
 * ```
 */
export interface PacketMembership {
  /** Everything, all groups, one group, or one more address of its own. */
  readonly kind: keyof typeof kinds;
  /** The name or the index of the interface. */
  readonly interface: string | number;
  /** The hardware address, for `multicast` and `unicast`: 8 bytes at most. */
  readonly address?: Uint8Array;
}

/**
 * A socket for frames as they come and go by a network interface, packet(7). What
 * {@linkcode packetSocket} gives; or take over one that came from elsewhere. The functions of
 * `@posixly/socket` work with it, such as `sendMessages` and `receiveMessages` for many frames
 * in one call.
 *
 * @example Usage
 * ```ts network
 * import { packetSocket, type PacketSocket } from "@posixly/raw";
 * import assert from "node:assert/strict";
 *
 * using socket: PacketSocket = packetSocket({ interface: "lo", protocol: 0x88b5 });
 * const frame = new Uint8Array(60);
 * frame.set([0x88, 0xb5, 42], 12); // a type for experiments, after two addresses
 * await socket.send(frame);
 * const { bytes, from } = await socket.receive({ timeout: 5000 });
 * assert.deepEqual(bytes, frame);
 * assert.equal(from.packetType, "host");
 * ```
 */
export class PacketSocket extends DatagramSocket {
  readonly #room = new Uint8Array(ROOM);
  readonly #counters = new Counters();
  #knownShortest: number | undefined;

  /** The group of sockets that it shares packets with; 0 if there is none, too. */
  get fanoutGroup(): number {
    const [low, high] = getsockopt(this, SOL_PACKET, PACKET_FANOUT);
    return high << 8 | low;
  }

  /**
   * How many packets have come, and how many were lost.
   *
   * @returns The counts since the socket was made
   * @throws {Error} If it is closed
   */
  statistics(): PacketStatistics {
    return this.#counters.read(this);
  }

  /**
   * Has an interface take more than what is for it, for as long as this socket is open:
   * `PACKET_ADD_MEMBERSHIP`. Those who join count: it ends with the last one.
   *
   * @param membership What, and which interface
   * @throws {SyscallError} `ENODEV` if there is no such interface, `EINVAL` if the address does not
   * have the length that its addresses have
   * @throws {TypeError | RangeError} If it is not as described
   */
  join(membership: PacketMembership): void {
    setsockopt(this, SOL_PACKET, PACKET_ADD_MEMBERSHIP, mreqOf(membership));
  }

  /**
   * Takes it back: `PACKET_DROP_MEMBERSHIP`. What was not joined is nothing to the kernel.
   *
   * @param membership What was joined
   * @throws {SyscallError} `ENODEV` if there is no such interface
   * @throws {TypeError | RangeError} If it is not as described
   */
  leave(membership: PacketMembership): void {
    setsockopt(this, SOL_PACKET, PACKET_DROP_MEMBERSHIP, mreqOf(membership));
  }

  /**
   * Waits for a packet, recvmsg(2).
   *
   * @param options How to give up waiting
   * @returns The packet, and what the kernel says of it
   * @throws {SyscallError} `ENETDOWN` once after the interface went down
   * @throws {Error} If it is closed, even meanwhile
   * @throws {TypeError} If an option is none
   * @throws The signal's reason, or a `TimeoutError`
   */
  override receive(options?: WaitOptions): Promise<CapturedPacket> {
    return whenReadable(this, () => takeFrame(this, this.#room), options);
  }

  /**
   * The packet that is there now.
   *
   * @returns The packet, or `null` if there is none
   * @throws {SyscallError} As {@linkcode receive} does
   * @throws {Error} If it is closed
   */
  tryReceive(): CapturedPacket | null {
    return takeFrame(this, this.#room);
  }

  /**
   * Sends a frame, and waits while there is no room for it. In mode `raw` it begins with the header
   * of the link, which is 14 bytes of Ethernet; the card adds what is missing to the shortest frame.
   * In mode `datagram` the kernel writes the header from the address.
   *
   * @param bytes The frame
   * @param to Which interface, and for `datagram` which hardware address and protocol; in mode `raw`
   * it may be left out if the socket has an interface
   * @param options How to give up waiting
   * @returns Resolves when the kernel has it
   * @throws {SyscallError} `EMSGSIZE` if it is more than the interface takes; `ENXIO` if there is no
   * interface, `ENETDOWN` if it is down; `ENOBUFS` if its queue is full
   * @throws {Error} If it is closed, even meanwhile
   * @throws {TypeError | RangeError} If `bytes` is no buffer or too short for its header, `to` no
   * address or an option is none
   * @throws The signal's reason, or a `TimeoutError`
   */
  override async send(bytes: Bytes, to?: AddressLike, options?: WaitOptions): Promise<void> {
    const { byteLength } = requireBytes(bytes, "bytes");
    if (byteLength < ETH_HLEN && byteLength < this.#shortest) {
      throw new RangeError(
        `a frame must begin with a header of ${this.#shortest} bytes, not have ${byteLength}`,
      );
    }
    await super.send(bytes, to, options);
  }

  /** How long the header of the link is, where it is known. */
  get #shortest(): number {
    return this.#knownShortest ??= headerLengthOf(this);
  }

  /** The packets as they come, until the socket is closed. */
  override [Symbol.asyncIterator](): AsyncGenerator<CapturedPacket, void, void> {
    return super[Symbol.asyncIterator]() as AsyncGenerator<CapturedPacket, void, void>;
  }
}

function headerLengthOf(socket: PacketSocket): number {
  if (getsockopt(socket, SOL_SOCKET, SO_TYPE)[0] !== SOCK_RAW) return 0;
  const { hardwareType } = socket.localAddress as PacketAddress;
  return hardwareType === ARPHRD_ETHER || hardwareType === ARPHRD_LOOPBACK ? ETH_HLEN : 0;
}

function mreqOf({ kind, interface: named, address }: PacketMembership): Uint8Array {
  const type = oneOf(kinds, kind, "kind");
  const takesAddress = kind === "multicast" || kind === "unicast";
  if (takesAddress !== (address !== undefined)) {
    throw new TypeError(`${kind} takes ${takesAddress ? "an address" : "no address"}`);
  }
  const bytes = new Uint8Array(8);
  if (address !== undefined) {
    if (!(address instanceof Uint8Array)) throw new TypeError("address must be a Uint8Array");
    if (address.length > 8) {
      throw new RangeError(`address must be 8 bytes at most, not ${address.length}`);
    }
    bytes.set(address);
  }
  return packetMreq.encode({
    mr_ifindex: indexOf(named),
    mr_type: type,
    mr_alen: address?.length ?? 0,
    mr_address: bytes,
  });
}

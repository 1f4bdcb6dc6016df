import { type WaitOptions, whenReadable } from "@posixly/mux";
import { type AddressLike, DatagramSocket, getOption } from "@posixly/socket";
import { type Bytes, requireBytes, SyscallError } from "@posixly/sys";
import { rawAddress } from "./raw_address.ts";
import { type RawPacket, takePacket } from "./raw_packet.ts";

/** What every packet of IP fits into. */
const ROOM = 65_536;

/**
 * A socket for whole packets of one protocol of IP, raw(7). What {@linkcode rawSocket} gives; or
 * take over one that came from elsewhere. It can do all that a `DatagramSocket` can, and so can the
 * functions of `@posixly/socket` with it, such as `sendMessages`, `joinGroup` and `receiveError`.
 *
 * @example Usage
 * ```ts network
 * import { rawSocket, RawSocket } from "@posixly/raw";
 * import assert from "node:assert/strict";
 *
 * using socket: RawSocket = rawSocket("ipv6", 253);
 * await socket.send(new Uint8Array([1, 2, 3]), "::1");
 * for await (const { bytes } of socket) {
 *   assert.deepEqual([...bytes], [1, 2, 3]); // IPv6 keeps its header to itself
 *   break;
 * }
 * ```
 */
export class RawSocket extends DatagramSocket {
  readonly #room = new Uint8Array(ROOM);
  #knownFamily: "ipv4" | "ipv6" | undefined;
  #knownToBeRaw: boolean | undefined;

  /** Which version of IP it talks. */
  get family(): "ipv4" | "ipv6" {
    return this.#knownFamily ??= getOption(this, "domain") === "ipv6" ? "ipv6" : "ipv4";
  }

  /**
   * Waits for a packet, recvmsg(2). Over IPv4 it comes with its header, and was put together if it
   * came in fragments; over IPv6 it begins after the headers. A raw socket gets a copy of all
   * packets of its protocol that come in for this machine, of others' too, and of what it sent
   * itself to this machine.
   *
   * @param options How to give up waiting
   * @returns The packet, and what the kernel says of it
   * @throws {SyscallError} What went wrong with a packet sent before, if the socket is connected
   * @throws {Error} If it is closed, even meanwhile
   * @throws {TypeError} If an option is none
   * @throws The signal's reason, or a `TimeoutError`
   */
  override receive(options?: WaitOptions): Promise<RawPacket> {
    return whenReadable(this, () => takePacket(this, this.#room), options);
  }

  /**
   * The packet that is there now.
   *
   * @returns The packet, or `null` if there is none
   * @throws {SyscallError} As {@linkcode receive} does
   * @throws {Error} If it is closed
   */
  tryReceive(): RawPacket | null {
    return takePacket(this, this.#room);
  }

  /**
   * Sends a packet, and waits while there is no room for it. The kernel writes the header of IP, and
   * parts what is too long; unless `headerIncluded` was set: then `bytes` begins with the header,
   * of which the kernel writes the total length and the checksum of IPv4 in any case, and the source
   * and the identification of IPv4 where they are 0. It is not parted then.
   *
   * @param bytes The packet
   * @param to Where to: an address with port 0, or just the host, such as `192.0.2.1` or
   * `fe80::1%eth0`; may be left out if the socket is connected
   * @param options How to give up waiting
   * @returns Resolves when the kernel has it; whether it arrives, nobody knows
   * @throws {SyscallError} `EMSGSIZE` if it is too long for the interface and may not be parted, or
   * for IP; `EACCES` if `to` is a broadcast address and the option `broadcast` is not set; `EPERM`
   * if a firewall refuses it; `ENETUNREACH` if no route leads there; `EDESTADDRREQ` if there is no
   * `to`
   * @throws {Error} If it is closed, even meanwhile
   * @throws {TypeError | RangeError} If `bytes` is no buffer, or shorter than the header that it has
   * to begin with; if `to` is no address of this family, or an option is none
   * @throws The signal's reason, or a `TimeoutError`
   */
  override async send(bytes: Bytes, to?: AddressLike, options?: WaitOptions): Promise<void> {
    const at = to === undefined ? undefined : rawAddress(to, this.family);
    requireBytes(bytes, "bytes");
    if (this.#isRaw) requireHeader(this, bytes);
    try {
      await super.send(bytes, at, options);
    } catch (error) {
      explain(this, error);
      throw error;
    }
  }

  /** Whether it can have `headerIncluded`, as ping sockets cannot. */
  get #isRaw(): boolean {
    return this.#knownToBeRaw ??= getOption(this, "type") === "raw";
  }

  /** The packets as they come, until the socket is closed. */
  override [Symbol.asyncIterator](): AsyncGenerator<RawPacket, void, void> {
    return super[Symbol.asyncIterator]() as AsyncGenerator<RawPacket, void, void>;
  }
}

/** The kernel says no more than `EINVAL` of a header that is not whole. */
function requireHeader(socket: RawSocket, { buffer, byteOffset, byteLength }: Bytes): void {
  if (socket.family === "ipv6") {
    if (byteLength >= 40 || !getOption(socket, "ipv6HeaderIncluded")) return;
    throw new RangeError(`bytes must begin with a header of 40 bytes, not have ${byteLength}`);
  }
  const first = byteLength > 0 ? new Uint8Array(buffer, byteOffset, 1)[0] : 0;
  const header = (first & 15) * 4;
  if ((header >= 20 && header <= byteLength) || !getOption(socket, "ipHeaderIncluded")) return;
  if (byteLength < 20) {
    throw new RangeError(`bytes must begin with a header of 20 bytes, not have ${byteLength}`);
  }
  throw new RangeError(
    `the header must have between 20 and ${Math.min(60, byteLength)} bytes, not ${header}`,
  );
}

/** The same numbers mean a right that is missing, and something else where a packet is sent. */
function explain(socket: RawSocket, error: unknown): void {
  const { code } = error as SyscallError;
  if (!(error instanceof SyscallError)) return;
  if (code === "EACCES" && !getOption(socket, "broadcast")) {
    error.message += "; a broadcast address takes the option broadcast, and no right";
  } else if (code === "EPERM") {
    error.message += "; a firewall of this machine refuses it";
  } else if (code === "EMSGSIZE") {
    error.message += "; a packet with its own header is not parted, nor is one that says so";
  }
}

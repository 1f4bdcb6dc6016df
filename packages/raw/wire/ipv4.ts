import { readIpv4, writeIpv4 } from "./addresses.ts";
import { requireInteger } from "../arguments.ts";
import { get16, get32, put16 } from "./bytes.ts";
import { checksum, pseudoHeader4 } from "./checksum.ts";
import { WireError } from "./error.ts";
import {
  DONT_FRAGMENT,
  type Ipv4Layer,
  MORE_FRAGMENTS,
  requireOffset,
  RESERVED,
} from "./ipv4_layer.ts";
import { type Ipv4Option, lastIpv4Destination, readIpv4Options } from "./ipv4_options.ts";
import { mayBeUncut } from "./offload.ts";
import { requireEnd, requireHeader, View } from "./view.ts";

const SIZE = 20;
const MAX = 0xffff;
/** Where a fragment is, and whether more follow. */
const FRAGMENT = 0x3fff;

/**
 * An IPv4 packet. Its total length decides where the payload ends: what a frame has beyond that is
 * padding.
 *
 * A total length of 0 is what a host sees of its own large packets, before the network card cuts
 * them up (TCP segmentation offload); then the payload ends where the bytes do. So it is taken only
 * of TCP, and neither of fragments nor of what fits into the least frame, where padding would follow.
 *
 * @example Usage
 * ```ts
 * import { ipv4, Ipv4Packet, packet, udp } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * const view = Ipv4Packet.parse(packet(
 *   ipv4({ source: "10.0.0.1", destination: "10.0.0.2" }),
 *   udp({ sourcePort: 1, destinationPort: 2 }),
 * ));
 * assert.equal(view.source, "10.0.0.1");
 * view.ttl--; // as a router does
 * view.updateChecksum();
 * assert.ok(view.verifyChecksum());
 * ```
 */
export class Ipv4Packet extends View {
  /** Always `ipv4`. */
  get layer(): "ipv4" {
    return "ipv4";
  }

  /**
   * Reads a packet, and checks it.
   *
   * @param bytes What holds it
   * @param start Where it begins
   * @param end Where it, or the frame, ends
   * @returns A view of the bytes
   * @throws {WireError} If it is none, or not all of it is there
   */
  static parse(bytes: Uint8Array, start: number = 0, end: number = bytes.length): Ipv4Packet {
    return Ipv4Packet.#read(bytes, start, end, false);
  }

  /**
   * The same for a packet of which the end of the payload may be missing, as in a capture that has
   * been cut short or in what an ICMP error quotes.
   *
   * @param bytes What holds it
   * @param start Where it begins
   * @param end Where it, or the frame, ends
   * @returns A view of the bytes
   * @throws {WireError} If it is none, or its header is not there
   */
  static parseLax(bytes: Uint8Array, start: number = 0, end: number = bytes.length): Ipv4Packet {
    return Ipv4Packet.#read(bytes, start, end, true);
  }

  static #read(bytes: Uint8Array, start: number, end: number, lax: boolean): Ipv4Packet {
    requireHeader("ipv4", bytes, start, end, SIZE);
    const size = (bytes[start] & 15) * 4;
    if (bytes[start] >> 4 !== 4 || size < SIZE || start + size > end) {
      throw notIpv4(bytes, start, end);
    }
    const total = bytes[start + 2] << 8 | bytes[start + 3];
    if (total < size) {
      if (isUncut(bytes, start, end)) return new Ipv4Packet(bytes, start, start + size, end);
      const fault = `its total length ${total} is less than that of its header, ${size}`;
      throw new WireError("ipv4", start, size, end - start, fault);
    }
    const payloadEnd = requireEnd("ipv4", start, start + total, end, lax);
    return new Ipv4Packet(bytes, start, start + size, payloadEnd);
  }

  /** How long the header is, in bytes: 20, and its options. */
  get headerLength(): number {
    return (this.bytes[this.start] & 15) * 4;
  }

  /** The type of service: DSCP and ECN. */
  get tos(): number {
    return this.bytes[this.start + 1];
  }

  /** Changes it in place. */
  set tos(tos: number) {
    this.bytes[this.start + 1] = requireInteger(tos, "tos", 0, 0xff);
  }

  /** The differentiated services code point, RFC 2474: 0 to 63. */
  get dscp(): number {
    return this.bytes[this.start + 1] >> 2;
  }

  /** Explicit congestion notification, RFC 3168: 0 not capable, 1 and 2 capable, 3 congested. */
  get ecn(): number {
    return this.bytes[this.start + 1] & 3;
  }

  /** How long the packet says it is, in bytes; see `lengthUnknown`. */
  get totalLength(): number {
    return this.bytes[this.start + 2] << 8 | this.bytes[this.start + 3];
  }

  /** Changes it in place. */
  set totalLength(length: number) {
    put16(this.bytes, this.start + 2, requireInteger(length, "totalLength", 0, MAX));
  }

  /** Whether it does not say how long it is, so that it ends where the bytes do. */
  get lengthUnknown(): boolean {
    return isUncut(this.bytes, this.start, this.payloadEnd);
  }

  override get missing(): number {
    return Math.max(0, this.totalLength - (this.payloadEnd - this.start));
  }

  /** What the fragments of a packet have in common. */
  get identification(): number {
    return get16(this.bytes, this.start + 4);
  }

  /** Changes it in place. */
  set identification(identification: number) {
    requireInteger(identification, "identification", 0, MAX);
    put16(this.bytes, this.start + 4, identification);
  }

  /** A bit that should not be set. */
  get reservedFlag(): boolean {
    return (this.bytes[this.start + 6] & RESERVED) !== 0;
  }

  /** Changes it in place. */
  set reservedFlag(is: boolean) {
    this.#setFlag(RESERVED, is);
  }

  /** Whether routers must not fragment it. */
  get dontFragment(): boolean {
    return (this.bytes[this.start + 6] & DONT_FRAGMENT) !== 0;
  }

  /** Changes it in place. */
  set dontFragment(is: boolean) {
    this.#setFlag(DONT_FRAGMENT, is);
  }

  /** Whether fragments follow. */
  get moreFragments(): boolean {
    return (this.bytes[this.start + 6] & MORE_FRAGMENTS) !== 0;
  }

  /** Changes it in place. */
  set moreFragments(is: boolean) {
    this.#setFlag(MORE_FRAGMENTS, is);
  }

  #setFlag(flag: number, is: boolean): void {
    if (is) this.bytes[this.start + 6] |= flag;
    else this.bytes[this.start + 6] &= ~flag;
  }

  /** Where in the packet's payload this fragment belongs, in bytes. */
  get fragmentOffset(): number {
    return ((this.bytes[this.start + 6] & 0x1f) << 8 | this.bytes[this.start + 7]) << 3;
  }

  /** Changes it in place. */
  set fragmentOffset(offset: number) {
    const flags = this.bytes[this.start + 6] & 0xe0;
    put16(this.bytes, this.start + 6, flags << 8 | requireOffset(offset) >> 3);
  }

  /** Whether it is only a part of a packet: the first, another, or the last. */
  get isFragment(): boolean {
    return (get16(this.bytes, this.start + 6) & FRAGMENT) !== 0;
  }

  /** How many routers it may still pass. */
  get ttl(): number {
    return this.bytes[this.start + 8];
  }

  /** Changes it in place. */
  set ttl(ttl: number) {
    this.bytes[this.start + 8] = requireInteger(ttl, "ttl", 0, 0xff);
  }

  /** What it carries, see `ipProtocol`. */
  get protocol(): number {
    return this.bytes[this.start + 9];
  }

  /** Changes it in place. */
  set protocol(protocol: number) {
    this.bytes[this.start + 9] = requireInteger(protocol, "protocol", 0, 0xff);
  }

  /** The checksum of the header, as it is there. */
  get checksum(): number {
    return get16(this.bytes, this.start + 10);
  }

  /** Changes it in place. */
  set checksum(checksum: number) {
    put16(this.bytes, this.start + 10, requireInteger(checksum, "checksum", 0, MAX));
  }

  /** The address it is from. */
  get source(): string {
    return readIpv4(this.bytes, this.start + 12);
  }

  /** Changes it in place. */
  set source(address: string) {
    writeIpv4(address, "source", this.bytes, this.start + 12);
  }

  /** The same as bytes; not a copy. */
  get sourceBytes(): Uint8Array {
    return this.bytes.subarray(this.start + 12, this.start + 16);
  }

  /** The same as a number of 32 bits, which is fast to look up. */
  get sourceNumber(): number {
    return get32(this.bytes, this.start + 12);
  }

  /** The address it is for. */
  get destination(): string {
    return readIpv4(this.bytes, this.start + 16);
  }

  /** Changes it in place. */
  set destination(address: string) {
    writeIpv4(address, "destination", this.bytes, this.start + 16);
  }

  /** The same as bytes; not a copy. */
  get destinationBytes(): Uint8Array {
    return this.bytes.subarray(this.start + 16, this.start + 20);
  }

  /** The same as a number of 32 bits. */
  get destinationNumber(): number {
    return get32(this.bytes, this.start + 16);
  }

  /** The options, unknown and broken ones included. */
  get options(): Ipv4Option[] {
    return readIpv4Options(this.bytes, this.start + SIZE, this.payloadStart);
  }

  /**
   * Whether the checksum of the header is right.
   *
   * @returns Whether it is
   */
  verifyChecksum(): boolean {
    return checksum(this.bytes, this.start, this.payloadStart) === 0;
  }

  /** Writes the right checksum, after fields were changed. */
  updateChecksum(): void {
    put16(this.bytes, this.start + 10, 0);
    put16(this.bytes, this.start + 10, checksum(this.bytes, this.start, this.payloadStart));
  }

  /**
   * The sum of the pseudo header that the checksums of UDP and TCP begin with. It has the last
   * destination of a source route.
   *
   * @param protocol What is summed, see `ipProtocol`
   * @param length How long that is, in bytes
   * @returns The `initial` of `checksum`
   */
  pseudoHeader(protocol: number, length: number): number {
    const { bytes, start, payloadStart } = this;
    const destination = lastIpv4Destination(bytes, start, payloadStart);
    return pseudoHeader4(bytes, start + 12, destination, protocol, length);
  }

  override values(): Required<Ipv4Layer> {
    const { source, destination, tos, identification, reservedFlag } = this;
    const { dontFragment, moreFragments, fragmentOffset, ttl, protocol } = this;
    const { options, totalLength, checksum } = this;
    return {
      layer: "ipv4",
      source,
      destination,
      tos,
      identification,
      reservedFlag,
      dontFragment,
      moreFragments,
      fragmentOffset,
      ttl,
      protocol,
      options,
      totalLength,
      checksum,
    };
  }
}

function isUncut(bytes: Uint8Array, start: number, end: number): boolean {
  return get16(bytes, start + 2) === 0 && (get16(bytes, start + 6) & FRAGMENT) === 0 &&
    mayBeUncut(bytes[start + 9], end - start);
}

function notIpv4(bytes: Uint8Array, start: number, end: number): WireError {
  const available = end - start;
  const version = bytes[start] >> 4;
  const size = (bytes[start] & 15) * 4;
  if (version !== 4) {
    return new WireError("ipv4", start, SIZE, available, `its version is ${version}, not 4`);
  }
  const fault = `its header length ${size} is less than ${SIZE}`;
  if (size < SIZE) return new WireError("ipv4", start, SIZE, available, fault);
  return new WireError("ipv4", start, size, available);
}

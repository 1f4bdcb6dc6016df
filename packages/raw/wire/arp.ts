import { readIpv4, readMac, requireMac, writeIpv4 } from "./addresses.ts";
import { requireInteger } from "../arguments.ts";
import { get16, put16 } from "./bytes.ts";
import { type Codec, layerOf } from "./codec.ts";
import { WireError } from "./error.ts";
import { requireFields } from "./limits.ts";
import { etherType } from "./numbers.ts";
import { requireHeader, View } from "./view.ts";

const FIXED = 8;
const ETHERNET = 1;
const REQUEST = 1;
const LIMITS = {
  hardwareType: 0xffff,
  protocolType: 0xffff,
  hardwareLength: 0xff,
  protocolLength: 0xff,
  operation: 0xffff,
  senderHardware: "other",
  senderProtocol: "other",
  targetHardware: "other",
  targetProtocol: "other",
} as const;
const ADDRESSES = ["senderHardware", "senderProtocol", "targetHardware", "targetProtocol"] as const;

/**
 * The fields of an ARP packet. Addresses of a protocol are those of IPv4, of hardware those of
 * Ethernet, unless the lengths say otherwise; then they are pairs of digits between colons.
 *
 * @example Who has 10.0.0.2?
 * ```ts
 * import { arp, type ArpFields } from "@posixly/raw/wire";
 *
 * const fields: ArpFields = {
 *   senderHardware: "02:00:00:00:00:01",
 *   senderProtocol: "10.0.0.1",
 *   targetProtocol: "10.0.0.2",
 * };
 * arp(fields);
 * ```
 */
export interface ArpFields {
  /** 1 is a request, the default; 2 is a reply. */
  readonly operation?: number;
  /** The hardware address of the sender; by default all zero. */
  readonly senderHardware?: string;
  /** The IP address of the sender; by default all zero, which is a probe. */
  readonly senderProtocol?: string;
  /** The hardware address of the target, which a request does not know; by default all zero. */
  readonly targetHardware?: string;
  /** The IP address of the target; by default all zero. */
  readonly targetProtocol?: string;
  /** The kind of hardware; by default 1, Ethernet. */
  readonly hardwareType?: number;
  /** The kind of protocol, see `etherType`; by default IPv4. */
  readonly protocolType?: number;
  /** How long a hardware address is, in bytes; by default 6. */
  readonly hardwareLength?: number;
  /** How long an address of the protocol is, in bytes; by default 4. */
  readonly protocolLength?: number;
}

/**
 * An ARP packet as values.
 *
 * @example Usage
 * ```ts
 * import { arp, type ArpLayer } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * const layer: ArpLayer = arp({ targetProtocol: "10.0.0.2" });
 * assert.equal(layer.layer, "arp");
 * ```
 */
export type ArpLayer = ArpFields & { readonly layer: "arp" };

/**
 * An ARP packet, RFC 826, for `packet`.
 *
 * @param fields Its fields
 * @returns The layer
 * @throws {TypeError | RangeError} If a field cannot be
 *
 * @example A reply
 * ```ts
 * import { arp, ArpPacket, packet } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * const bytes = packet(arp({
 *   operation: 2,
 *   senderHardware: "02:00:00:00:00:02",
 *   senderProtocol: "10.0.0.2",
 *   targetHardware: "02:00:00:00:00:01",
 *   targetProtocol: "10.0.0.1",
 * }));
 * assert.equal(ArpPacket.parse(bytes).senderHardware, "02:00:00:00:00:02");
 * ```
 */
export function arp(fields: ArpFields): ArpLayer {
  return layerOf<ArpLayer>("arp", fields, arpCodec);
}

export const arpCodec: Codec<ArpLayer> = {
  check(layer) {
    requireFields(layer, LIMITS);
    this.write(layer, new Uint8Array(this.size(layer)), 0, undefined as never);
  },
  size: ({ hardwareLength = 6, protocolLength = 4 }) =>
    FIXED + 2 * (hardwareLength + protocolLength),
  write(layer, into, at) {
    const { hardwareLength = 6, protocolLength = 4 } = layer;
    put16(into, at, layer.hardwareType ?? ETHERNET);
    put16(into, at + 2, layer.protocolType ?? etherType.ipv4);
    into[at + 4] = hardwareLength;
    into[at + 5] = protocolLength;
    put16(into, at + 6, layer.operation ?? REQUEST);
    let to = at + FIXED;
    for (const name of ADDRESSES) {
      const isHardware = name.endsWith("Hardware");
      const length = isHardware ? hardwareLength : protocolLength;
      writeAddress(layer[name], name, into, to, length, isHardware);
      to += length;
    }
  },
};

function writeAddress(
  text: string | undefined,
  name: string,
  into: Uint8Array,
  at: number,
  length: number,
  isHardware: boolean,
): void {
  if (text === undefined) into.fill(0, at, at + length);
  else if (isHardware || length !== 4) into.set(requireMac(text, name, length), at);
  else writeIpv4(text, name, into, at);
}

/**
 * An ARP packet: who has this address, or: it is mine.
 *
 * @example Usage
 * ```ts
 * import { arp, ArpPacket, packet } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * const request = ArpPacket.parse(packet(arp({ targetProtocol: "10.0.0.2" })));
 * assert.equal(request.operation, 1);
 * assert.equal(request.targetProtocol, "10.0.0.2");
 * ```
 */
export class ArpPacket extends View {
  /** Both lengths as they were checked: bytes that change must not move the addresses. */
  #lengths = 0;

  /** Always `arp`. */
  get layer(): "arp" {
    return "arp";
  }

  /**
   * Reads an ARP packet, and checks it. Nothing is its payload: what follows it in a frame is
   * padding.
   *
   * @param bytes What holds it
   * @param start Where it begins
   * @param end Where it, or the frame, ends
   * @returns A view of the bytes
   * @throws {WireError} If it is none
   */
  static parse(bytes: Uint8Array, start: number = 0, end: number = bytes.length): ArpPacket {
    requireHeader("arp", bytes, start, end, FIXED);
    const size = FIXED + 2 * (bytes[start + 4] + bytes[start + 5]);
    if (start + size > end) throw new WireError("arp", start, size, end - start);
    const packet = new ArpPacket(bytes, start, start + size, start + size);
    packet.#lengths = bytes[start + 4] << 8 | bytes[start + 5];
    return packet;
  }

  /** The kind of hardware; 1 is Ethernet. */
  get hardwareType(): number {
    return get16(this.bytes, this.start);
  }

  /** Changes it in place. */
  set hardwareType(type: number) {
    put16(this.bytes, this.start, requireInteger(type, "hardwareType", 0, 0xffff));
  }

  /** The kind of protocol, see `etherType`. */
  get protocolType(): number {
    return get16(this.bytes, this.start + 2);
  }

  /** Changes it in place. */
  set protocolType(type: number) {
    put16(this.bytes, this.start + 2, requireInteger(type, "protocolType", 0, 0xffff));
  }

  /** How long a hardware address is, in bytes, as it was when the packet was parsed. */
  get hardwareLength(): number {
    return this.#lengths >> 8;
  }

  /** How long an address of the protocol is, in bytes, as it was when the packet was parsed. */
  get protocolLength(): number {
    return this.#lengths & 0xff;
  }

  /** 1 is a request, 2 is a reply. */
  get operation(): number {
    return get16(this.bytes, this.start + 6);
  }

  /** Changes it in place. */
  set operation(operation: number) {
    put16(this.bytes, this.start + 6, requireInteger(operation, "operation", 0, 0xffff));
  }

  /** The hardware address of the sender. */
  get senderHardware(): string {
    return readMac(this.bytes, this.start + FIXED, this.hardwareLength);
  }

  /** Changes it in place. */
  set senderHardware(address: string) {
    this.#setHardware(address, "senderHardware", FIXED);
  }

  /** The IP address of the sender. */
  get senderProtocol(): string {
    return this.#protocol(FIXED + this.hardwareLength);
  }

  /** Changes it in place. */
  set senderProtocol(address: string) {
    this.#setProtocol(address, "senderProtocol", FIXED + this.hardwareLength);
  }

  /** The hardware address of the target, which a request does not know. */
  get targetHardware(): string {
    const { hardwareLength, protocolLength } = this;
    return readMac(
      this.bytes,
      this.start + FIXED + hardwareLength + protocolLength,
      hardwareLength,
    );
  }

  /** Changes it in place. */
  set targetHardware(address: string) {
    const at = FIXED + this.hardwareLength + this.protocolLength;
    this.#setHardware(address, "targetHardware", at);
  }

  /** The IP address of the target. */
  get targetProtocol(): string {
    return this.#protocol(FIXED + 2 * this.hardwareLength + this.protocolLength);
  }

  /** Changes it in place. */
  set targetProtocol(address: string) {
    const at = FIXED + 2 * this.hardwareLength + this.protocolLength;
    this.#setProtocol(address, "targetProtocol", at);
  }

  #setHardware(address: string, name: string, at: number): void {
    writeAddress(address, name, this.bytes, this.start + at, this.hardwareLength, true);
  }

  #protocol(at: number): string {
    const { protocolLength: length } = this;
    return length === 4
      ? readIpv4(this.bytes, this.start + at)
      : readMac(this.bytes, this.start + at, length);
  }

  #setProtocol(address: string, name: string, at: number): void {
    writeAddress(address, name, this.bytes, this.start + at, this.protocolLength, false);
  }

  override values(): Required<ArpLayer> {
    return {
      layer: "arp",
      operation: this.operation,
      senderHardware: this.senderHardware,
      senderProtocol: this.senderProtocol,
      targetHardware: this.targetHardware,
      targetProtocol: this.targetProtocol,
      hardwareType: this.hardwareType,
      protocolType: this.protocolType,
      hardwareLength: this.hardwareLength,
      protocolLength: this.protocolLength,
    };
  }
}

import { requireInteger, requireKnown } from "../arguments.ts";
import { put16, put32 } from "./bytes.ts";
import { checksum } from "./checksum.ts";
import { type Codec, layerOf } from "./codec.ts";
import { type NeighborDiscovery, readDiscovery } from "./discovery.ts";
import { restOf } from "./icmp_messages.ts";
import { IcmpView } from "./icmp_view.ts";
import type { IpPacket } from "./ip.ts";
import { requireFields } from "./limits.ts";
import { ipProtocol } from "./numbers.ts";
import { pseudoHeaderOf } from "./udp.ts";
import { requireHeader } from "./view.ts";

const SIZE = 8;
const MAX = 0xffff;
const MAX32 = 0xffff_ffff;
const LIMITS = { type: 0xff, code: 0xff, rest: MAX32, body: "bytes", checksum: MAX } as const;

/**
 * What an ICMPv6 message is, as numbers of its type field. Errors are below 128.
 *
 * @example Usage
 * ```ts
 * import { icmpv6, icmpv6Type } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * assert.equal(icmpv6({ type: icmpv6Type.packetTooBig, rest: 1280 }).type, 2);
 * ```
 */
export const icmpv6Type = {
  unreachable: 1,
  packetTooBig: 2,
  timeExceeded: 3,
  parameterProblem: 4,
  echoRequest: 128,
  echoReply: 129,
  listenerQuery: 130,
  listenerReport: 131,
  listenerDone: 132,
  routerSolicitation: 133,
  routerAdvertisement: 134,
  neighborSolicitation: 135,
  neighborAdvertisement: 136,
  redirect: 137,
  listenerReport2: 143,
} as const;

/**
 * The fields of an ICMPv6 message.
 *
 * @example Usage
 * ```ts
 * import { icmpv6, type Icmpv6Fields } from "@posixly/raw/wire";
 *
 * const fields: Icmpv6Fields = { type: 2, rest: 1280 }; // too big
 * icmpv6(fields);
 * ```
 */
export interface Icmpv6Fields {
  /** What it is, see `icmpv6Type`. */
  readonly type: number;
  /** What it is more exactly; by default 0. */
  readonly code?: number;
  /** The four bytes after the checksum, whose meaning the type decides; by default 0. */
  readonly rest?: number;
  /** Bytes between those and what follows; by default none. */
  readonly body?: Uint8Array;
  /**
   * The checksum; by default the right one, with the pseudo header of the IP layer before it, or 0
   * if there is none. A raw socket's kernel fills it in.
   */
  readonly checksum?: number;
}

/**
 * An ICMPv6 message as values.
 *
 * @example Usage
 * ```ts
 * import { icmpv6Echo, type Icmpv6Layer } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * const layer: Icmpv6Layer = icmpv6Echo({ id: 1, sequence: 2 });
 * assert.equal(layer.rest, 0x0001_0002);
 * ```
 */
export type Icmpv6Layer = Icmpv6Fields & { readonly layer: "icmpv6" };

/**
 * An ICMPv6 message, RFC 4443, for `packet`. An error is followed by the packet it is about. For
 * neighbour discovery, see `neighborSolicitation` and its like.
 *
 * @param fields Its fields
 * @returns The layer
 * @throws {TypeError | RangeError} If a field cannot be
 *
 * @example Usage
 * ```ts
 * import { icmpv6, Icmpv6Message, ipv6, packet } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * const bytes = packet(
 *   ipv6({ source: "fe80::1", destination: "fe80::2" }),
 *   icmpv6({ type: 128, rest: 0x1234_abcd }),
 *   Uint8Array.of(0xaa, 0, 0, 0xff),
 * );
 * assert.equal(Icmpv6Message.parse(bytes, 40).checksum, 0x19b3);
 * ```
 */
export function icmpv6(fields: Icmpv6Fields): Icmpv6Layer {
  return layerOf<Icmpv6Layer>("icmpv6", fields, icmpv6Codec);
}

export const icmpv6Codec: Codec<Icmpv6Layer> = {
  check(layer) {
    requireInteger(layer.type, "type", 0, 0xff);
    requireFields(layer, LIMITS);
  },
  size: ({ body }) => SIZE + (body?.length ?? 0),
  write({ type, code = 0, rest = 0, body, checksum = 0 }, into, at) {
    into[at] = type;
    into[at + 1] = code;
    put16(into, at + 2, checksum);
    put32(into, at + 4, rest);
    if (body) into.set(body, at + SIZE);
  },
  finish(layer, into, at, { end, endpoints }) {
    if (layer.checksum !== undefined || endpoints === undefined) return;
    const initial = pseudoHeaderOf(into, endpoints, ipProtocol.icmpv6, end - at);
    put16(into, at + 2, checksum(into, at, end, initial));
  },
};

/**
 * An echo request or reply, as ping(8) sends them, for `packet`; what follows is sent back.
 *
 * @param fields `id` tells who pings, `sequence` which ping it is, 16 bits each; `reply` is whether
 * it is the answer, by default not
 * @returns The layer
 * @throws {TypeError | RangeError} If a field cannot be
 *
 * @example Usage
 * ```ts
 * import { icmpv6Echo, Icmpv6Message, packet } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * const echo = Icmpv6Message.parse(packet(icmpv6Echo({ id: 1, sequence: 7, reply: true })));
 * assert.equal(echo.type, 129);
 * assert.equal(echo.sequence, 7);
 * ```
 */
export function icmpv6Echo(
  fields: { readonly id: number; readonly sequence: number; readonly reply?: boolean },
): Icmpv6Layer {
  requireKnown(fields, ["id", "sequence", "reply"]);
  const { id, sequence, reply = false } = fields;
  const type = reply ? icmpv6Type.echoReply : icmpv6Type.echoRequest;
  return icmpv6({ type, rest: restOf(id, "id", sequence, "sequence") });
}

/**
 * An ICMPv6 message: eight bytes of header, and a payload which the type decides.
 *
 * @example Usage
 * ```ts
 * import { Icmpv6Message } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * const message = Icmpv6Message.parse(Uint8Array.of(2, 0, 0, 0, 0, 0, 0x05, 0x00));
 * assert.equal(message.type, 2);
 * assert.equal(message.mtu, 1280);
 * ```
 */
export class Icmpv6Message extends IcmpView {
  /** Always `icmpv6`. */
  get layer(): "icmpv6" {
    return "icmpv6";
  }

  /**
   * Reads a message, and checks it.
   *
   * @param bytes What holds it
   * @param start Where it begins
   * @param end Where it ends, with the payload of the IP packet
   * @returns A view of the bytes
   * @throws {WireError} If its header is not there
   */
  static parse(bytes: Uint8Array, start: number = 0, end: number = bytes.length): Icmpv6Message {
    requireHeader("icmpv6", bytes, start, end, SIZE);
    return new Icmpv6Message(bytes, start, start + SIZE, end);
  }

  /** Of a packet too big: the longest that would pass, in bytes. */
  get mtu(): number {
    return this.rest;
  }

  /** Changes it in place. */
  set mtu(mtu: number) {
    put32(this.bytes, this.start + 4, requireInteger(mtu, "mtu", 0, MAX32));
  }

  /** Of a parameter problem: where in the packet the fault is, in bytes from its start. */
  get pointer(): number {
    return this.rest;
  }

  /** Changes it in place. */
  set pointer(pointer: number) {
    put32(this.bytes, this.start + 4, requireInteger(pointer, "pointer", 0, MAX32));
  }

  /** Of neighbour discovery: what it says, unless not all of it is there. */
  get discovery(): NeighborDiscovery | undefined {
    return readDiscovery(this.bytes, this.start, this.payloadEnd);
  }

  /** Whether it is about another packet, which it quotes as its payload. */
  get isError(): boolean {
    return this.type < 128;
  }

  /**
   * Whether the checksum is right.
   *
   * @param ip The packet it is in, which has the addresses of the pseudo header
   * @returns Whether it is
   */
  verifyChecksum(ip: IpPacket): boolean {
    return this.#sum(ip) === 0;
  }

  /**
   * Writes the right checksum, after fields or the payload were changed.
   *
   * @param ip The packet it is in
   */
  updateChecksum(ip: IpPacket): void {
    put16(this.bytes, this.start + 2, 0);
    put16(this.bytes, this.start + 2, this.#sum(ip));
  }

  #sum(ip: IpPacket): number {
    const { bytes, start, payloadEnd } = this;
    const initial = ip.pseudoHeader(ipProtocol.icmpv6, payloadEnd - start);
    return checksum(bytes, start, payloadEnd, initial);
  }

  override values(): Required<Omit<Icmpv6Layer, "body">> {
    const { type, code, rest, checksum } = this;
    return { layer: "icmpv6", type, code, rest, checksum };
  }
}

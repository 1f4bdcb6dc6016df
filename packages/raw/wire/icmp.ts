import { readIpv4, writeIpv4 } from "./addresses.ts";
import { requireFields, requireInteger, requireKnown } from "./arguments.ts";
import { get16, get32, put16, put32 } from "./bytes.ts";
import { checksum } from "./checksum.ts";
import { type Codec, layerOf } from "./codec.ts";
import { requireHeader, View } from "./view.ts";

const SIZE = 8;
const MAX = 0xffff;
const MAX32 = 0xffff_ffff;
const LIMITS = { type: 0xff, code: 0xff, rest: MAX32, body: "bytes", checksum: MAX } as const;

/**
 * What an ICMP message is, as numbers of its type field.
 *
 * @example Usage
 * ```ts
 * import { icmp, icmpType } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * assert.equal(icmp({ type: icmpType.timeExceeded }).type, 11);
 * ```
 */
export const icmpType = {
  echoReply: 0,
  unreachable: 3,
  sourceQuench: 4,
  redirect: 5,
  echoRequest: 8,
  routerAdvertisement: 9,
  routerSolicitation: 10,
  timeExceeded: 11,
  parameterProblem: 12,
  timestampRequest: 13,
  timestampReply: 14,
} as const;

/**
 * The fields of an ICMP message.
 *
 * @example Usage
 * ```ts
 * import { icmp, type IcmpFields } from "@posixly/raw/wire";
 *
 * const fields: IcmpFields = { type: 3, code: 13 };
 * icmp(fields);
 * ```
 */
export interface IcmpFields {
  /** What it is, see `icmpType`. */
  readonly type: number;
  /** What it is more exactly; by default 0. */
  readonly code?: number;
  /** The four bytes after the checksum, whose meaning the type decides; by default 0. */
  readonly rest?: number;
  /** Bytes between those and what follows; by default none. */
  readonly body?: Uint8Array;
  /** The checksum; by default the right one. */
  readonly checksum?: number;
}

/**
 * An ICMP message as values.
 *
 * @example Usage
 * ```ts
 * import { icmpEcho, type IcmpLayer } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * const layer: IcmpLayer = icmpEcho({ id: 1, sequence: 2 });
 * assert.equal(layer.rest, 0x0001_0002);
 * ```
 */
export type IcmpLayer = IcmpFields & { readonly layer: "icmp" };

/**
 * An ICMP message, RFC 792, for `packet`. An error is followed by the packet it is about: its IP
 * header and at least eight bytes more.
 *
 * @param fields Its fields
 * @returns The layer
 * @throws {TypeError | RangeError} If a field cannot be
 *
 * @example Usage
 * ```ts
 * import { icmp, IcmpMessage, packet } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * const bytes = packet(icmp({ type: 8, rest: 0x1234_abcd }), Uint8Array.of(0xaa, 0, 0, 0xff));
 * assert.equal(IcmpMessage.parse(bytes).checksum, 0x8efe);
 * ```
 */
export function icmp(fields: IcmpFields): IcmpLayer {
  return layerOf<IcmpLayer>("icmp", fields, icmpCodec);
}

export const icmpCodec: Codec<IcmpLayer> = {
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
  finish(layer, into, at, { end }) {
    if (layer.checksum === undefined) put16(into, at + 2, checksum(into, at, end));
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
 * import { icmpEcho, IcmpMessage, packet } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * const echo = IcmpMessage.parse(packet(icmpEcho({ id: 0x1234, sequence: 7 }), new Uint8Array(56)));
 * assert.equal(echo.id, 0x1234);
 * assert.equal(echo.sequence, 7);
 * ```
 */
export function icmpEcho(
  fields: { readonly id: number; readonly sequence: number; readonly reply?: boolean },
): IcmpLayer {
  requireKnown(fields, ["id", "sequence", "reply"]);
  const { id, sequence, reply = false } = fields;
  const type = reply ? icmpType.echoReply : icmpType.echoRequest;
  return icmp({ type, rest: restOf(id, "id", sequence, "sequence") });
}

/** Two halves of 16 bits. */
export function restOf(high: number, highName: string, low: number, lowName: string): number {
  return requireInteger(high, highName, 0, MAX) * 0x1_0000 + requireInteger(low, lowName, 0, MAX);
}

/**
 * That a packet could not be delivered, for `packet`; the packet, or its beginning, follows.
 *
 * @param fields `code` is why: 0 no such network, 1 host, 2 protocol, 3 port; 4 is a packet that
 * must not be fragmented and is longer than `nextHopMtu`, in bytes
 * @returns The layer
 * @throws {TypeError | RangeError} If a field cannot be
 *
 * @example Usage
 * ```ts
 * import { icmpUnreachable, ipv4, packet } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * const refused = packet(ipv4({ source: "10.0.0.1", destination: "10.0.0.2" }), new Uint8Array());
 * const bytes = packet(icmpUnreachable({ code: 4, nextHopMtu: 1400 }), refused);
 * assert.equal(bytes[0], 3);
 * ```
 */
export function icmpUnreachable(
  fields: { readonly code: number; readonly nextHopMtu?: number },
): IcmpLayer {
  requireKnown(fields, ["code", "nextHopMtu"]);
  const { code, nextHopMtu = 0 } = fields;
  const rest = requireInteger(nextHopMtu, "nextHopMtu", 0, MAX);
  return icmp({ type: icmpType.unreachable, code, rest });
}

/**
 * That a packet was on its way for too long, for `packet`; the packet, or its beginning, follows.
 *
 * @param fields `code` is 0 if it passed too many routers, the default, and 1 if its fragments did
 * not come in time
 * @returns The layer
 * @throws {TypeError | RangeError} If a field cannot be
 *
 * @example Usage
 * ```ts
 * import { icmpTimeExceeded } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * assert.equal(icmpTimeExceeded().type, 11);
 * ```
 */
export function icmpTimeExceeded(fields: { readonly code?: number } = {}): IcmpLayer {
  requireKnown(fields, ["code"]);
  return icmp({ type: icmpType.timeExceeded, code: fields.code ?? 0 });
}

/**
 * That there is a shorter way, for `packet`; the packet that took the longer one follows.
 *
 * @param fields `gateway` is the router to send to; `code` is for what: 0 the network, 1 the host,
 * which is the default
 * @returns The layer
 * @throws {TypeError | RangeError} If a field cannot be
 *
 * @example Usage
 * ```ts
 * import { icmpRedirect, IcmpMessage, packet } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * const redirect = IcmpMessage.parse(packet(icmpRedirect({ gateway: "10.0.0.254" })));
 * assert.equal(redirect.gateway, "10.0.0.254");
 * ```
 */
export function icmpRedirect(
  fields: { readonly gateway: string; readonly code?: number },
): IcmpLayer {
  requireKnown(fields, ["gateway", "code"]);
  const bytes = new Uint8Array(4);
  writeIpv4(fields.gateway, "gateway", bytes, 0);
  return icmp({ type: icmpType.redirect, code: fields.code ?? 1, rest: get32(bytes, 0) });
}

/**
 * That a header is wrong, for `packet`; the packet follows.
 *
 * @param fields `pointer` is where, in bytes from its start; `code` is 0 by default
 * @returns The layer
 * @throws {TypeError | RangeError} If a field cannot be
 *
 * @example Usage
 * ```ts
 * import { IcmpMessage, icmpParameterProblem, packet } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * assert.equal(IcmpMessage.parse(packet(icmpParameterProblem({ pointer: 20 }))).pointer, 20);
 * ```
 */
export function icmpParameterProblem(
  fields: { readonly pointer: number; readonly code?: number },
): IcmpLayer {
  requireKnown(fields, ["pointer", "code"]);
  const pointer = requireInteger(fields.pointer, "pointer", 0, 0xff);
  return icmp({
    type: icmpType.parameterProblem,
    code: fields.code ?? 0,
    rest: pointer * 0x100_0000,
  });
}

/**
 * The times of an ICMP timestamp, in milliseconds since midnight UTC.
 *
 * @example Usage
 * ```ts
 * import type { IcmpTimes } from "@posixly/raw/wire";
 *
 * const times: IcmpTimes = { originate: 1000, receive: 0, transmit: 0 };
 * ```
 */
export interface IcmpTimes {
  /** When the request was sent, by the clock of who sent it. */
  readonly originate: number;
  /** When it came, by the clock of who answers. */
  readonly receive: number;
  /** When the answer was sent. */
  readonly transmit: number;
}

/**
 * A request for the time of day, or the answer, for `packet`.
 *
 * @param fields `id` and `sequence` as of an echo; the times, in milliseconds since midnight UTC,
 * 0 by default; `reply` is whether it is the answer, by default not
 * @returns The layer
 * @throws {TypeError | RangeError} If a field cannot be
 *
 * @example Usage
 * ```ts
 * import { IcmpMessage, icmpTimestamp, packet } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * const bytes = packet(icmpTimestamp({ id: 1, sequence: 1, originate: 1000 }));
 * assert.deepEqual(IcmpMessage.parse(bytes).times, { originate: 1000, receive: 0, transmit: 0 });
 * ```
 */
export function icmpTimestamp(
  fields:
    & { readonly id: number; readonly sequence: number; readonly reply?: boolean }
    & Partial<
      IcmpTimes
    >,
): IcmpLayer {
  requireKnown(fields, ["id", "sequence", "reply", "originate", "receive", "transmit"]);
  const { id, sequence, reply = false, originate = 0, receive = 0, transmit = 0 } = fields;
  const body = new Uint8Array(12);
  put32(body, 0, requireInteger(originate, "originate", 0, MAX32));
  put32(body, 4, requireInteger(receive, "receive", 0, MAX32));
  put32(body, 8, requireInteger(transmit, "transmit", 0, MAX32));
  const type = reply ? icmpType.timestampReply : icmpType.timestampRequest;
  return icmp({ type, rest: restOf(id, "id", sequence, "sequence"), body });
}

/**
 * An ICMP message: eight bytes of header, and a payload which the type decides.
 *
 * @example Usage
 * ```ts
 * import { IcmpMessage } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * const message = IcmpMessage.parse(
 *   Uint8Array.of(0x08, 0x00, 0x8e, 0xfe, 0x12, 0x34, 0xab, 0xcd, 0xaa, 0x00, 0x00, 0xff),
 * );
 * assert.equal(message.type, 8);
 * assert.equal(message.id, 0x1234);
 * assert.ok(message.verifyChecksum());
 * ```
 */
export class IcmpMessage extends View {
  /** Always `icmp`. */
  get layer(): "icmp" {
    return "icmp";
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
  static parse(bytes: Uint8Array, start: number = 0, end: number = bytes.length): IcmpMessage {
    requireHeader("icmp", bytes, start, end, SIZE);
    return new IcmpMessage(bytes, start, start + SIZE, end);
  }

  /** What it is, see `icmpType`. */
  get type(): number {
    return this.bytes[this.start];
  }

  /** Changes it in place. */
  set type(type: number) {
    this.bytes[this.start] = requireInteger(type, "type", 0, 0xff);
  }

  /** What it is more exactly. */
  get code(): number {
    return this.bytes[this.start + 1];
  }

  /** Changes it in place. */
  set code(code: number) {
    this.bytes[this.start + 1] = requireInteger(code, "code", 0, 0xff);
  }

  /** The checksum, as it is there. */
  get checksum(): number {
    return get16(this.bytes, this.start + 2);
  }

  /** Changes it in place. */
  set checksum(checksum: number) {
    put16(this.bytes, this.start + 2, requireInteger(checksum, "checksum", 0, MAX));
  }

  /** The four bytes after the checksum, whose meaning the type decides. */
  get rest(): number {
    return get32(this.bytes, this.start + 4);
  }

  /** Changes it in place. */
  set rest(rest: number) {
    put32(this.bytes, this.start + 4, requireInteger(rest, "rest", 0, MAX32));
  }

  /** Of an echo or a timestamp: who asks. */
  get id(): number {
    return get16(this.bytes, this.start + 4);
  }

  /** Changes it in place. */
  set id(id: number) {
    put16(this.bytes, this.start + 4, requireInteger(id, "id", 0, MAX));
  }

  /** Of an echo or a timestamp: which of the questions it is. */
  get sequence(): number {
    return get16(this.bytes, this.start + 6);
  }

  /** Changes it in place. */
  set sequence(sequence: number) {
    put16(this.bytes, this.start + 6, requireInteger(sequence, "sequence", 0, MAX));
  }

  /** Of an unreachable destination, code 4: the longest packet that would pass; 0 if not told. */
  get nextHopMtu(): number {
    return get16(this.bytes, this.start + 6);
  }

  /** Changes it in place. */
  set nextHopMtu(mtu: number) {
    put16(this.bytes, this.start + 6, requireInteger(mtu, "nextHopMtu", 0, MAX));
  }

  /** Of a redirect: the router to send to. */
  get gateway(): string {
    return readIpv4(this.bytes, this.start + 4);
  }

  /** Changes it in place. */
  set gateway(address: string) {
    writeIpv4(address, "gateway", this.bytes, this.start + 4);
  }

  /** Of a parameter problem: where in the packet the fault is, in bytes from its start. */
  get pointer(): number {
    return this.bytes[this.start + 4];
  }

  /** Changes it in place. */
  set pointer(pointer: number) {
    this.bytes[this.start + 4] = requireInteger(pointer, "pointer", 0, 0xff);
  }

  /** Of a timestamp: its times, unless they are not there. */
  get times(): IcmpTimes | undefined {
    const { bytes, type, payloadStart: at, payloadLength } = this;
    const isTimestamp = type === icmpType.timestampRequest || type === icmpType.timestampReply;
    if (!isTimestamp || payloadLength < 12) return undefined;
    return {
      originate: get32(bytes, at),
      receive: get32(bytes, at + 4),
      transmit: get32(bytes, at + 8),
    };
  }

  /** Whether it is about another packet, which it quotes as its payload. */
  get isError(): boolean {
    switch (this.type) {
      case icmpType.unreachable:
      case icmpType.sourceQuench:
      case icmpType.redirect:
      case icmpType.timeExceeded:
      case icmpType.parameterProblem:
        return true;
    }
    return false;
  }

  /**
   * Whether the checksum is right.
   *
   * @returns Whether it is
   */
  verifyChecksum(): boolean {
    return checksum(this.bytes, this.start, this.payloadEnd) === 0;
  }

  /** Writes the right checksum, after fields or the payload were changed. */
  updateChecksum(): void {
    put16(this.bytes, this.start + 2, 0);
    put16(this.bytes, this.start + 2, checksum(this.bytes, this.start, this.payloadEnd));
  }

  override values(): Required<Omit<IcmpLayer, "body">> {
    const { type, code, rest, checksum } = this;
    return { layer: "icmp", type, code, rest, checksum };
  }
}

import { readIpv4, writeIpv4 } from "./addresses.ts";
import { requireInteger } from "../arguments.ts";
import { get16, get32, put16, put32 } from "./bytes.ts";
import { checksum } from "./checksum.ts";
import { type Codec, layerOf } from "./codec.ts";
import { IcmpView } from "./icmp_view.ts";
import { requireFields } from "./limits.ts";
import { requireHeader } from "./view.ts";

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
export class IcmpMessage extends IcmpView {
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

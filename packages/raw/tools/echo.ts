import { checksum } from "../wire/checksum.ts";
import type { IpFamily } from "./host.ts";

/** Types of ICMP and ICMPv6 messages, rfc792 and rfc4443. */
export const ECHO = {
  ipv4: { request: 8, reply: 0 },
  ipv6: { request: 128, reply: 129 },
} as const;

/** The header of an echo: type, code, checksum, identifier, sequence. */
export const ECHO_HEADER = 8;

/** Room for who asks and which target it is, so that no other's reply is taken for one to us. */
export const MARK = 8;

/** An echo request that is sent again and again with other numbers in it. */
export class EchoRequest {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly #family: IpFamily;
  /** Unlike any other's who pings from here. */
  readonly #token: number;

  constructor(family: IpFamily, size: number, identifier: number, token: number) {
    const bytes = this.bytes = new Uint8Array(ECHO_HEADER + size);
    this.#family = family;
    this.#token = token;
    bytes[0] = ECHO[family].request;
    put16(bytes, 4, identifier);
    for (let i = ECHO_HEADER; i < bytes.length; i++) bytes[i] = i - ECHO_HEADER;
    if (size >= MARK) put32(bytes, ECHO_HEADER, token);
  }

  /** A copy for one target. Of ICMPv6, and of ping sockets, the kernel computes the checksum. */
  numbered(sequence: number, index: number): Uint8Array<ArrayBuffer> {
    const bytes = this.bytes.slice();
    put16(bytes, 6, sequence);
    if (bytes.length >= ECHO_HEADER + MARK) put32(bytes, ECHO_HEADER + 4, index);
    if (this.#family === "ipv4") put16(bytes, 2, checksum(bytes));
    return bytes;
  }

  /**
   * Which target a request, or a reply to it, is about: `undefined` if it has no mark, and `null` if
   * it has that of somebody else.
   */
  indexIn(bytes: Uint8Array): number | null | undefined {
    if (this.bytes.length < ECHO_HEADER + MARK) return undefined;
    if (bytes.length < ECHO_HEADER + MARK) return undefined;
    return get32(bytes, ECHO_HEADER) === this.#token ? get32(bytes, ECHO_HEADER + 4) : null;
  }
}

/** The identifier of an echo. */
export function identifierIn(bytes: Uint8Array): number {
  return bytes[4] << 8 | bytes[5];
}

/** The sequence number of an echo, modulo 65536. */
export function sequenceIn(bytes: Uint8Array): number {
  return bytes[6] << 8 | bytes[7];
}

/** What is within a packet as a raw socket of IPv4 gives it. */
export function withoutIpv4(packet: Uint8Array): Uint8Array {
  return packet.subarray((packet[0] & 15) * 4);
}

function put16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
}

function put32(bytes: Uint8Array, at: number, value: number): void {
  put16(bytes, at, value >>> 16);
  put16(bytes, at + 2, value & 0xffff);
}

function get32(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 24 | bytes[at + 1] << 16 | bytes[at + 2] << 8 | bytes[at + 3]) >>> 0;
}

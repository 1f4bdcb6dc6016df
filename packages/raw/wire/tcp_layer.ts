import { requireInteger } from "../arguments.ts";
import { put16, put32 } from "./bytes.ts";
import { checksum } from "./checksum.ts";
import { type Codec, layerOf } from "./codec.ts";
import { requireFields } from "./limits.ts";
import { ipProtocol } from "./numbers.ts";
import { flagBits, type TcpFlags } from "./tcp_flags.ts";
import { type TcpOption, tcpOptionBytes } from "./tcp_options.ts";
import { pseudoHeaderOf } from "./udp.ts";

const SIZE = 20;
const MAX = 0xffff;
const MAX32 = 0xffff_ffff;
const LIMITS = {
  sourcePort: MAX,
  destinationPort: MAX,
  sequence: MAX32,
  acknowledgment: MAX32,
  reserved: 7,
  window: MAX,
  checksum: MAX,
  urgentPointer: MAX,
  options: "array",
  flags: "other",
} as const;

/**
 * The fields of a TCP header.
 *
 * @example Usage
 * ```ts
 * import { tcp, type TcpFields } from "@posixly/raw/wire";
 *
 * const fields: TcpFields = { sourcePort: 40000, destinationPort: 80, flags: { syn: true } };
 * tcp(fields);
 * ```
 */
export interface TcpFields {
  /** The port it is from. */
  readonly sourcePort: number;
  /** The port it is for. */
  readonly destinationPort: number;
  /** The number of its first byte, or of its SYN; by default 0. */
  readonly sequence?: number;
  /** The number of the byte that is expected next; by default 0. */
  readonly acknowledgment?: number;
  /** Its flags; by default none. */
  readonly flags?: TcpFlags;
  /** Three bits that should not be set; by default 0. */
  readonly reserved?: number;
  /** How many bytes the sender would take, not scaled; by default 65535. */
  readonly window?: number;
  /**
   * The checksum; by default the right one, with the pseudo header of the IP layer before it, or 0
   * if there is none.
   */
  readonly checksum?: number;
  /** Where urgent data ends, in bytes from the sequence number; by default 0. */
  readonly urgentPointer?: number;
  /** Options, 40 bytes of them at most; by default none. */
  readonly options?: readonly TcpOption[];
}

/**
 * A TCP header as values.
 *
 * @example Usage
 * ```ts
 * import { tcp, type TcpLayer } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * const layer: TcpLayer = tcp({ sourcePort: 40000, destinationPort: 80 });
 * assert.equal(layer.destinationPort, 80);
 * ```
 */
export type TcpLayer = TcpFields & { readonly layer: "tcp" };

/**
 * A TCP header, RFC 9293, for `packet`.
 *
 * @param fields Its fields
 * @returns The layer
 * @throws {TypeError | RangeError} If a field cannot be
 *
 * @example Usage
 * ```ts
 * import { ipv4, packet, tcp, TcpSegment } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * const bytes = packet(
 *   ipv4({ source: "127.0.0.1", destination: "127.0.0.1", identification: 1 }),
 *   tcp({ sourcePort: 20, destinationPort: 80, flags: { syn: true }, window: 8192 }),
 * );
 * assert.equal(TcpSegment.parse(bytes, 20).checksum, 0x917c);
 * ```
 */
export function tcp(fields: TcpFields): TcpLayer {
  return layerOf<TcpLayer>("tcp", fields, tcpCodec);
}

export const tcpCodec: Codec<TcpLayer> = {
  check(layer) {
    requireInteger(layer.sourcePort, "sourcePort", 0, MAX);
    requireInteger(layer.destinationPort, "destinationPort", 0, MAX);
    requireFields(layer, LIMITS);
    flagBits(layer.flags ?? {});
    tcpOptionBytes(layer.options);
  },
  size: ({ options }) => SIZE + tcpOptionBytes(options).length,
  write(layer, into, at) {
    const options = tcpOptionBytes(layer.options);
    const words = (SIZE + options.length) >> 2;
    put16(into, at, layer.sourcePort);
    put16(into, at + 2, layer.destinationPort);
    put32(into, at + 4, layer.sequence ?? 0);
    put32(into, at + 8, layer.acknowledgment ?? 0);
    put16(into, at + 12, words << 12 | (layer.reserved ?? 0) << 9 | flagBits(layer.flags ?? {}));
    put16(into, at + 14, layer.window ?? MAX);
    put16(into, at + 16, layer.checksum ?? 0);
    put16(into, at + 18, layer.urgentPointer ?? 0);
    into.set(options, at + SIZE);
  },
  finish(layer, into, at, { end, endpoints }) {
    if (layer.checksum !== undefined || endpoints === undefined) return;
    const initial = pseudoHeaderOf(into, endpoints, ipProtocol.tcp, end - at);
    put16(into, at + 16, checksum(into, at, end, initial));
  },
};

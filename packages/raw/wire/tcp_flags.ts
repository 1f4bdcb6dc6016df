import { requireBoolean, requireKnown } from "../arguments.ts";

/**
 * The flags of a TCP segment; those that are not there are not set.
 *
 * @example Usage
 * ```ts
 * import { packet, tcp, type TcpFlags, TcpSegment } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * const flags: TcpFlags = { syn: true, ack: true };
 * const bytes = packet(tcp({ sourcePort: 80, destinationPort: 1234, flags }));
 * assert.deepEqual(TcpSegment.parse(bytes).flags, flags);
 * ```
 */
export interface TcpFlags {
  /** No more data will come. */
  readonly fin?: boolean;
  /** A connection begins. */
  readonly syn?: boolean;
  /** There is no such connection, or no more. */
  readonly rst?: boolean;
  /** The receiver should hand the data on. */
  readonly psh?: boolean;
  /** The acknowledgment number counts. */
  readonly ack?: boolean;
  /** The urgent pointer counts. */
  readonly urg?: boolean;
  /** Congestion was notified, RFC 3168. */
  readonly ece?: boolean;
  /** The sender has slowed down, RFC 3168. */
  readonly cwr?: boolean;
  /** Accurate ECN, RFC 9768, once the nonce sum. */
  readonly ae?: boolean;
}

export const FIN = 0x001;
export const SYN = 0x002;
export const RST = 0x004;
export const PSH = 0x008;
export const ACK = 0x010;
export const URG = 0x020;
export const ECE = 0x040;
export const CWR = 0x080;
export const AE = 0x100;

const bits = Object.entries(
  { fin: FIN, syn: SYN, rst: RST, psh: PSH, ack: ACK, urg: URG, ece: ECE, cwr: CWR, ae: AE },
) as [keyof TcpFlags, number][];
const names = bits.map(([name]) => name);

export function flagsOf(number: number): TcpFlags {
  const flags: { -readonly [Name in keyof TcpFlags]: boolean } = {};
  for (const [name, bit] of bits) if (number & bit) flags[name] = true;
  return flags;
}

function isSet(flag: boolean | undefined, name: string): boolean {
  if (flag !== undefined) requireBoolean(flag, name);
  return flag === true;
}

export function flagBits(flags: TcpFlags): number {
  requireKnown(flags, names);
  return bits.reduce((all, [name, bit]) => isSet(flags[name], name) ? all | bit : all, 0);
}

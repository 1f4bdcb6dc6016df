import { requireArray, requireBytes, requireInteger } from "../arguments.ts";
import { get16, get32, put16, put32 } from "./bytes.ts";
import {
  type CommonOption,
  noSuchOption,
  optionBytes,
  type RawOption,
  readOptions,
} from "./options.ts";

/**
 * An option of a TCP header.
 *
 * - `end` of the list, and what comes after it; `nop`, a byte between
 * - `mss`: the largest segment that its sender takes, in bytes
 * - `windowScale`: by how many bits the sender's windows are shifted, RFC 7323
 * - `sackPermitted`, and `sack`: which bytes have come although some before them have not, RFC 2018
 * - `timestamps`: the sender's clock, and the receiver's as last seen, RFC 7323
 * - `userTimeout`: how long data may stay unacknowledged, in seconds or minutes, RFC 5482
 * - `fastOpen`: a cookie, or a request for one if it is empty, RFC 7413
 * - `md5`: a signature, RFC 2385
 * - `mptcp`: of Multipath TCP, RFC 8684, as it is
 * - a number: any other kind, with what follows its length; also one of the above that has not the
 *   length it should
 * - `malformed`: what cannot be an option, and all after it
 *
 * @example Usage
 * ```ts
 * import { packet, tcp, type TcpOption, TcpSegment } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * const options: TcpOption[] = [{ kind: "mss", size: 1460 }];
 * const bytes = packet(tcp({ sourcePort: 1, destinationPort: 2, flags: { syn: true }, options }));
 * assert.deepEqual(TcpSegment.parse(bytes).options, options);
 * ```
 */
export type TcpOption =
  | CommonOption
  | { readonly kind: "mss"; readonly size: number }
  | { readonly kind: "windowScale"; readonly shift: number }
  | { readonly kind: "sackPermitted" }
  | { readonly kind: "sack"; readonly blocks: readonly SackBlock[] }
  | { readonly kind: "timestamps"; readonly value: number; readonly echo: number }
  | { readonly kind: "userTimeout"; readonly unit: "seconds" | "minutes"; readonly timeout: number }
  | { readonly kind: "fastOpen"; readonly cookie: Uint8Array }
  | { readonly kind: "md5"; readonly digest: Uint8Array }
  | { readonly kind: "mptcp"; readonly bytes: Uint8Array }
  | { readonly kind: number; readonly bytes: Uint8Array };

/**
 * Bytes that have come: from one sequence number up to, and not with, another.
 *
 * @example Usage
 * ```ts
 * import { packet, type SackBlock, tcp, TcpSegment } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * const block: SackBlock = { from: 3000, to: 4000 };
 * const options = [{ kind: "sack", blocks: [block] }, { kind: "nop" }, { kind: "nop" }] as const;
 * const bytes = packet(tcp({ sourcePort: 1, destinationPort: 2, flags: { ack: true }, options }));
 * assert.deepEqual(TcpSegment.parse(bytes).options, options);
 * ```
 */
export interface SackBlock {
  /** The first sequence number. */
  readonly from: number;
  /** The one after the last. */
  readonly to: number;
}

const MSS = 2;
const WINDOW_SCALE = 3;
const SACK_PERMITTED = 4;
const SACK = 5;
const TIMESTAMPS = 8;
const MD5 = 19;
const USER_TIMEOUT = 28;
const MPTCP = 30;
const FAST_OPEN = 34;

type Decoded = Exclude<TcpOption, CommonOption>;

export function readTcpOptions(bytes: Uint8Array, start: number, end: number): TcpOption[] {
  return readOptions<Decoded>(bytes, start, end, decode);
}

export function tcpOptionBytes(options: readonly TcpOption[] | undefined): Uint8Array {
  return optionBytes<Decoded>(options as readonly (Decoded | CommonOption)[] | undefined, encode);
}

function decode(kind: number, bytes: Uint8Array): Decoded {
  const { length } = bytes;
  switch (kind) {
    case MSS:
      if (length === 2) return { kind: "mss", size: get16(bytes, 0) };
      break;
    case WINDOW_SCALE:
      if (length === 1) return { kind: "windowScale", shift: bytes[0] };
      break;
    case SACK_PERMITTED:
      if (length === 0) return { kind: "sackPermitted" };
      break;
    case SACK:
      if (length % 8 === 0) return { kind: "sack", blocks: blocksOf(bytes) };
      break;
    case TIMESTAMPS:
      if (length !== 8) break;
      return { kind: "timestamps", value: get32(bytes, 0), echo: get32(bytes, 4) };
    case USER_TIMEOUT: {
      if (length !== 2) break;
      const unit = bytes[0] & 0x80 ? "minutes" : "seconds";
      return { kind: "userTimeout", unit, timeout: get16(bytes, 0) & 0x7fff };
    }
    case FAST_OPEN:
      return { kind: "fastOpen", cookie: bytes };
    case MD5:
      if (length === 16) return { kind: "md5", digest: bytes };
      break;
    case MPTCP:
      return { kind: "mptcp", bytes };
  }
  return { kind, bytes };
}

function blocksOf(bytes: Uint8Array): SackBlock[] {
  const blocks: SackBlock[] = [];
  for (let at = 0; at < bytes.length; at += 8) {
    blocks.push({ from: get32(bytes, at), to: get32(bytes, at + 4) });
  }
  return blocks;
}

function encode(option: Decoded): RawOption {
  switch (option.kind) {
    case "mss":
      return { kind: MSS, bytes: of16(option.size, "size", 0xffff) };
    case "windowScale":
      return {
        kind: WINDOW_SCALE,
        bytes: Uint8Array.of(requireInteger(option.shift, "shift", 0, 0xff)),
      };
    case "sackPermitted":
      return { kind: SACK_PERMITTED, bytes: new Uint8Array() };
    case "sack":
      requireArray(option.blocks, "blocks");
      return { kind: SACK, bytes: of32(option.blocks.flatMap(({ from, to }) => [from, to])) };
    case "timestamps":
      return { kind: TIMESTAMPS, bytes: of32([option.value, option.echo]) };
    case "userTimeout": {
      const { unit, timeout } = option;
      if (unit !== "seconds" && unit !== "minutes") {
        throw new TypeError(`unit must be seconds or minutes, not ${unit}`);
      }
      const bytes = of16(timeout, "timeout", 0x7fff);
      if (unit === "minutes") bytes[0] |= 0x80;
      return { kind: USER_TIMEOUT, bytes };
    }
    case "fastOpen":
      return { kind: FAST_OPEN, bytes: requireBytes(option.cookie, "cookie") };
    case "md5":
      if (requireBytes(option.digest, "digest").length === 16) {
        return { kind: MD5, bytes: option.digest };
      }
      throw new RangeError(`digest must be 16 bytes, not ${option.digest.length}`);
    case "mptcp":
      return { kind: MPTCP, bytes: requireBytes(option.bytes, "bytes") };
    default:
      throw noSuchOption(option);
  }
}

function of16(value: number, name: string, most: number): Uint8Array {
  const bytes = new Uint8Array(2);
  put16(bytes, 0, requireInteger(value, name, 0, most));
  return bytes;
}

function of32(values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(4 * values.length);
  for (const [i, value] of values.entries()) {
    put32(bytes, 4 * i, requireInteger(value, "A number of an option", 0, 0xffff_ffff));
  }
  return bytes;
}

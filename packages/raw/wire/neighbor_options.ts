import { readIpv6, readMac, requireMac, writeIpv6 } from "./addresses.ts";
import { requireArray, requireBytes, requireInteger } from "../arguments.ts";
import { copy, get32, joined, put32, roundUp } from "./bytes.ts";
import { noSuchOption, requireOption } from "./options.ts";

/**
 * An option of neighbour discovery, RFC 4861 section 4.6.
 *
 * - `sourceLinkLayer` and `targetLinkLayer`: an Ethernet address, of the sender or the target
 * - `prefixInformation`: addresses of this prefix are on this link, or may be made up by a host;
 *   lifetimes are in seconds, 4294967295 is forever
 * - `redirectedHeader`: the beginning of the packet that caused a redirect, padded to eight bytes
 * - `mtu`: of the link, in bytes
 * - a number: any other kind, with what follows its length, padded so that all is a multiple of
 *   eight bytes; also one of the above that has not the length it should
 * - `malformed`: what cannot be an option, and all after it
 *
 * @example Usage
 * ```ts
 * import { Icmpv6Message, type NeighborOption, packet, routerSolicitation } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * const options: NeighborOption[] = [{ kind: "sourceLinkLayer", address: "02:00:00:00:00:01" }];
 * const message = Icmpv6Message.parse(packet(routerSolicitation({ options })));
 * assert.deepEqual(message.discovery?.options, options);
 * ```
 */
export type NeighborOption =
  | { readonly kind: "sourceLinkLayer" | "targetLinkLayer"; readonly address: string }
  | {
    readonly kind: "prefixInformation";
    readonly prefix: string;
    readonly prefixLength: number;
    readonly onLink: boolean;
    readonly autonomous: boolean;
    readonly validLifetime: number;
    readonly preferredLifetime: number;
  }
  | { readonly kind: "redirectedHeader"; readonly bytes: Uint8Array }
  | { readonly kind: "mtu"; readonly mtu: number }
  | { readonly kind: "malformed"; readonly bytes: Uint8Array }
  | { readonly kind: number; readonly bytes: Uint8Array };

const SOURCE = 1;
const TARGET = 2;
const PREFIX = 3;
const REDIRECTED = 4;
const MTU = 5;
const ON_LINK = 0x80;
const AUTONOMOUS = 0x40;

export function readNeighborOptions(
  bytes: Uint8Array,
  start: number,
  end: number,
): NeighborOption[] {
  const options: NeighborOption[] = [];
  for (let at = start; at < end;) {
    const length = at + 1 < end ? bytes[at + 1] * 8 : 0;
    if (length === 0 || at + length > end) {
      options.push({ kind: "malformed", bytes: copy(bytes, at, end) });
      break;
    }
    options.push(decode(bytes, at, length));
    at += length;
  }
  return options;
}

function decode(bytes: Uint8Array, at: number, length: number): NeighborOption {
  const kind = bytes[at];
  if (kind === SOURCE && length === 8) {
    return { kind: "sourceLinkLayer", address: readMac(bytes, at + 2) };
  }
  if (kind === TARGET && length === 8) {
    return { kind: "targetLinkLayer", address: readMac(bytes, at + 2) };
  }
  if (kind === PREFIX && length === 32) {
    return {
      kind: "prefixInformation",
      prefix: readIpv6(bytes, at + 16),
      prefixLength: bytes[at + 2],
      onLink: (bytes[at + 3] & ON_LINK) !== 0,
      autonomous: (bytes[at + 3] & AUTONOMOUS) !== 0,
      validLifetime: get32(bytes, at + 4),
      preferredLifetime: get32(bytes, at + 8),
    };
  }
  if (kind === REDIRECTED) {
    return { kind: "redirectedHeader", bytes: copy(bytes, at + 8, at + length) };
  }
  if (kind === MTU && length === 8) return { kind: "mtu", mtu: get32(bytes, at + 4) };
  return { kind, bytes: copy(bytes, at + 2, at + length) };
}

/** The bytes of a list of options. */
export function neighborOptionBytes(options: readonly NeighborOption[] = []): Uint8Array {
  requireArray(options, "options");
  const pieces = options.map((option) => encode(requireOption(option)));
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  if (length > MOST) throw new RangeError(`options must be ${MOST} bytes at most, not ${length}`);
  return joined(...pieces);
}

function encode(option: NeighborOption): Uint8Array {
  switch (option.kind) {
    case "sourceLinkLayer":
    case "targetLinkLayer": {
      const kind = option.kind === "sourceLinkLayer" ? SOURCE : TARGET;
      return framed(kind, requireMac(option.address, "address", 6));
    }
    case "prefixInformation": {
      const bytes = new Uint8Array(30);
      bytes[0] = requireInteger(option.prefixLength, "prefixLength", 0, 128);
      bytes[1] = (option.onLink ? ON_LINK : 0) | (option.autonomous ? AUTONOMOUS : 0);
      put32(bytes, 2, requireInteger(option.validLifetime, "validLifetime", 0, MAX32));
      put32(bytes, 6, requireInteger(option.preferredLifetime, "preferredLifetime", 0, MAX32));
      writeIpv6(option.prefix, "prefix", bytes, 14);
      return framed(PREFIX, bytes);
    }
    case "redirectedHeader": {
      const bytes = new Uint8Array(6 + requireBytes(option.bytes, "bytes").length);
      bytes.set(option.bytes, 6);
      return framed(REDIRECTED, bytes);
    }
    case "mtu": {
      const bytes = new Uint8Array(6);
      put32(bytes, 2, requireInteger(option.mtu, "mtu", 0, MAX32));
      return framed(MTU, bytes);
    }
    case "malformed":
      return requireBytes(option.bytes, "bytes");
    default:
      if (typeof option.kind !== "number") throw noSuchOption(option);
      requireInteger(option.kind, "kind", 0, 0xff);
      return framed(option.kind, requireBytes(option.bytes, "bytes"));
  }
}

function framed(kind: number, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(roundUp(data.length + 2, 8));
  requireInteger(bytes.length / 8, "The length of an option in units of 8 bytes", 1, 0xff);
  bytes.set([kind, bytes.length / 8]);
  bytes.set(data, 2);
  return bytes;
}

const MAX32 = 0xffff_ffff;
/** No packet holds more. */
const MOST = 0xffff;

import { readIpv6, writeIpv6 } from "./addresses.ts";
import { requireBytes, requireInteger } from "../arguments.ts";
import { copy, get16, get32, put16, put32, roundUp } from "./bytes.ts";
import { noSuchOption, type RawOption, requireOption } from "./options.ts";

/**
 * An option of a hop-by-hop or destination options header, RFC 8200 section 4.2.
 *
 * - `pad1` and `padN`: padding, of one byte, or of two and as many as given
 * - `routerAlert`: routers are to look into it, RFC 2711
 * - `jumboPayload`: the length of a packet of more than 65535 bytes, RFC 2675
 * - `homeAddress`: of a mobile node, RFC 6275
 * - a number: any other kind, with what follows its length; also one of the above that has not the
 *   length it should
 * - `malformed`: what cannot be an option, and all after it
 *
 * @example Usage
 * ```ts
 * import { HopByHopOptions, hopByHop, type Ipv6Option, packet } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * const options: Ipv6Option[] = [{ kind: "routerAlert", value: 0 }];
 * const header = HopByHopOptions.parse(packet(hopByHop({ options })));
 * assert.deepEqual(header.options, [...options, { kind: "padN", bytes: new Uint8Array() }]);
 * ```
 */
export type Ipv6Option =
  | { readonly kind: "pad1" }
  | { readonly kind: "padN"; readonly bytes: Uint8Array }
  | { readonly kind: "routerAlert"; readonly value: number }
  | { readonly kind: "jumboPayload"; readonly length: number }
  | { readonly kind: "homeAddress"; readonly address: string }
  | { readonly kind: "malformed"; readonly bytes: Uint8Array }
  | { readonly kind: number; readonly bytes: Uint8Array };

const PAD1 = 0;
const PAD_N = 1;
const ROUTER_ALERT = 5;
const JUMBO = 0xc2;
const HOME_ADDRESS = 0xc9;

export function readIpv6Options(bytes: Uint8Array, start: number, end: number): Ipv6Option[] {
  const options: Ipv6Option[] = [];
  for (let at = start; at < end;) {
    if (bytes[at] === PAD1) {
      options.push({ kind: "pad1" });
      at++;
      continue;
    }
    const next = at + 1 < end ? at + 2 + bytes[at + 1] : Infinity;
    if (next > end) {
      options.push({ kind: "malformed", bytes: copy(bytes, at, end) });
      break;
    }
    options.push(decode(bytes[at], copy(bytes, at + 2, next)));
    at = next;
  }
  return options;
}

function decode(kind: number, bytes: Uint8Array): Ipv6Option {
  const { length } = bytes;
  if (kind === PAD_N) return { kind: "padN", bytes };
  if (kind === ROUTER_ALERT && length === 2) return { kind: "routerAlert", value: get16(bytes, 0) };
  if (kind === JUMBO && length === 4) return { kind: "jumboPayload", length: get32(bytes, 0) };
  if (kind === HOME_ADDRESS && length === 16) {
    return { kind: "homeAddress", address: readIpv6(bytes, 0) };
  }
  return { kind, bytes };
}

/** The bytes of a list of options after the two that a header begins with, padded to eight. */
export function ipv6OptionBytes(options: readonly Ipv6Option[] = []): Uint8Array {
  const all: number[] = [];
  for (const option of options) {
    requireOption(option);
    if (option.kind === "pad1") all.push(PAD1);
    else if (option.kind === "malformed") all.push(...requireBytes(option.bytes, "bytes"));
    else {
      const { kind, bytes } = encode(option);
      all.push(kind, requireInteger(bytes.length, "The length of an option", 0, 0xff), ...bytes);
    }
  }
  const length = roundUp(all.length + 2, 8) - 2;
  if (length > MOST) throw new RangeError(`options must be ${MOST} bytes at most, not ${length}`);
  const bytes = new Uint8Array(length);
  bytes.set(all);
  const padding = length - all.length;
  if (padding > 1) bytes.set([PAD_N, padding - 2], all.length);
  return bytes;
}

const MOST = 256 * 8 - 2;

function encode(option: Exclude<Ipv6Option, { kind: "pad1" | "malformed" }>): RawOption {
  switch (option.kind) {
    case "padN":
      return { kind: PAD_N, bytes: requireBytes(option.bytes, "bytes") };
    case "routerAlert": {
      const bytes = new Uint8Array(2);
      put16(bytes, 0, requireInteger(option.value, "value", 0, 0xffff));
      return { kind: ROUTER_ALERT, bytes };
    }
    case "jumboPayload": {
      const bytes = new Uint8Array(4);
      put32(bytes, 0, requireInteger(option.length, "length", 0, 0xffff_ffff));
      return { kind: JUMBO, bytes };
    }
    case "homeAddress": {
      const bytes = new Uint8Array(16);
      writeIpv6(option.address, "address", bytes, 0);
      return { kind: HOME_ADDRESS, bytes };
    }
    default:
      if (typeof option.kind !== "number") throw noSuchOption(option);
      requireInteger(option.kind, "kind", 0, 0xff);
      return { kind: option.kind, bytes: requireBytes(option.bytes, "bytes") };
  }
}

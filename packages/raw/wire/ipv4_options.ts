import { readIpv4, writeIpv4 } from "./addresses.ts";
import { requireArray, requireBytes, requireInteger } from "../arguments.ts";
import { get16, put16 } from "./bytes.ts";
import {
  type CommonOption,
  noSuchOption,
  optionBytes,
  type RawOption,
  readOptions,
} from "./options.ts";

/**
 * An option of an IPv4 header, RFC 791 and RFC 2113.
 *
 * - `end` of the list, and what comes after it; `nop`, a byte between
 * - `recordRoute`, `looseSourceRoute`, `strictSourceRoute`: addresses, and where the next one is,
 *   in bytes from the start of the option, where the first address is at 4
 * - `timestamp`: where the next one is, how many did not fit, what is recorded (0: times, 1: with
 *   addresses, 3: at given addresses) and the record itself
 * - `routerAlert`: routers are to look into it
 * - a number: any other kind, with what follows its length; also one of the above that has not the
 *   length it should
 * - `malformed`: what cannot be an option, and all after it
 *
 * @example Usage
 * ```ts
 * import { ipv4, type Ipv4Option, Ipv4Packet, packet } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * const options: Ipv4Option[] = [{ kind: "routerAlert", value: 0 }];
 * const bytes = packet(ipv4({ source: "10.0.0.1", destination: "224.0.0.22", options }));
 * assert.deepEqual(Ipv4Packet.parse(bytes).options, options);
 * ```
 */
export type Ipv4Option =
  | CommonOption
  | {
    readonly kind: "recordRoute" | "looseSourceRoute" | "strictSourceRoute";
    readonly pointer: number;
    readonly addresses: readonly string[];
  }
  | {
    readonly kind: "timestamp";
    readonly pointer: number;
    readonly overflow: number;
    readonly flag: number;
    readonly record: Uint8Array;
  }
  | { readonly kind: "routerAlert"; readonly value: number }
  | { readonly kind: number; readonly bytes: Uint8Array };

const RECORD_ROUTE = 7;
const TIMESTAMP = 68;
const LOOSE = 131;
const STRICT = 137;
const ROUTER_ALERT = 148;

const routes = { recordRoute: RECORD_ROUTE, looseSourceRoute: LOOSE, strictSourceRoute: STRICT };

type Decoded = Exclude<Ipv4Option, CommonOption>;

export function readIpv4Options(bytes: Uint8Array, start: number, end: number): Ipv4Option[] {
  return readOptions<Decoded>(bytes, start, end, decode);
}

export function ipv4OptionBytes(options: readonly Ipv4Option[] | undefined): Uint8Array {
  return optionBytes<Decoded>(options as readonly (Decoded | CommonOption)[] | undefined, encode);
}

function decode(kind: number, bytes: Uint8Array): Decoded {
  const { length } = bytes;
  switch (kind) {
    case RECORD_ROUTE:
      if (length % 4 === 1) return route("recordRoute", bytes);
      break;
    case LOOSE:
      if (length % 4 === 1) return route("looseSourceRoute", bytes);
      break;
    case STRICT:
      if (length % 4 === 1) return route("strictSourceRoute", bytes);
      break;
    case TIMESTAMP:
      if (length < 2) break;
      return {
        kind: "timestamp",
        pointer: bytes[0],
        overflow: bytes[1] >> 4,
        flag: bytes[1] & 15,
        record: bytes.slice(2),
      };
    case ROUTER_ALERT:
      if (length === 2) return { kind: "routerAlert", value: get16(bytes, 0) };
  }
  return { kind, bytes };
}

function route(kind: keyof typeof routes, bytes: Uint8Array): Decoded {
  const addresses: string[] = [];
  for (let at = 1; at < bytes.length; at += 4) addresses.push(readIpv4(bytes, at));
  return { kind, pointer: bytes[0], addresses };
}

function encode(option: Decoded): RawOption {
  switch (option.kind) {
    case "recordRoute":
    case "looseSourceRoute":
    case "strictSourceRoute": {
      const { kind, pointer, addresses } = option;
      requireArray(addresses, "addresses");
      const bytes = new Uint8Array(1 + 4 * addresses.length);
      bytes[0] = requireInteger(pointer, "pointer", 0, 0xff);
      for (const [i, address] of addresses.entries()) {
        writeIpv4(address, "An address of a route", bytes, 1 + 4 * i);
      }
      return { kind: routes[kind], bytes };
    }
    case "timestamp": {
      const { pointer, overflow, flag, record } = option;
      const bytes = new Uint8Array(2 + requireBytes(record, "record").length);
      bytes[0] = requireInteger(pointer, "pointer", 0, 0xff);
      requireInteger(overflow, "overflow", 0, 15);
      bytes[1] = overflow << 4 | requireInteger(flag, "flag", 0, 15);
      bytes.set(record, 2);
      return { kind: TIMESTAMP, bytes };
    }
    case "routerAlert": {
      const bytes = new Uint8Array(2);
      put16(bytes, 0, requireInteger(option.value, "value", 0, 0xffff));
      return { kind: ROUTER_ALERT, bytes };
    }
    default:
      throw noSuchOption(option);
  }
}

/**
 * Where the last destination of a packet is: a source route that has not been gone to its end
 * holds it, and that is the one which a pseudo header has, RFC 1122 section 3.2.1.8.
 */
export function lastIpv4Destination(bytes: Uint8Array, start: number, end: number): number {
  for (let at = start + 20; at + 1 < end && bytes[at] !== 0;) {
    if (bytes[at] === 1) {
      at++;
      continue;
    }
    const length = bytes[at + 1];
    if (length < 2 || at + length > end) break;
    if (bytes[at] === LOOSE || bytes[at] === STRICT) {
      const isOpen = length >= 7 && length % 4 === 3 && bytes[at + 2] < length;
      return isOpen ? at + length - 4 : start + 16;
    }
    at += length;
  }
  return start + 16;
}

import { readIpv6, readMac, writeIpv6 } from "./addresses.ts";
import { oneOfNames, requireInteger, requireKnown } from "../arguments.ts";
import { get16, get32, put32 } from "./bytes.ts";
import { icmpv6, type Icmpv6Layer, icmpv6Type } from "./icmpv6.ts";
import {
  type NeighborOption,
  neighborOptionBytes,
  readNeighborOptions,
} from "./neighbor_options.ts";

/**
 * A message of neighbour discovery, RFC 4861, as values: what the builders of the same names take,
 * and what `Icmpv6Message.discovery` returns.
 *
 * @example Usage
 * ```ts
 * import { Icmpv6Message, type NeighborDiscovery, neighborSolicitation, packet } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * const bytes = packet(neighborSolicitation({ target: "fe80::2" }));
 * const found: NeighborDiscovery | undefined = Icmpv6Message.parse(bytes).discovery;
 * assert.deepEqual(found, { kind: "neighborSolicitation", target: "fe80::2", options: [] });
 * ```
 */
export type NeighborDiscovery =
  | { readonly kind: "routerSolicitation"; readonly options: readonly NeighborOption[] }
  | ({ readonly kind: "routerAdvertisement" } & Required<RouterAdvertisementFields>)
  | {
    readonly kind: "neighborSolicitation";
    readonly target: string;
    readonly options: readonly NeighborOption[];
  }
  | ({ readonly kind: "neighborAdvertisement" } & Required<NeighborAdvertisementFields>)
  | {
    readonly kind: "redirect";
    readonly target: string;
    readonly destination: string;
    readonly options: readonly NeighborOption[];
  };

/**
 * What a neighbour says of itself.
 *
 * @example Usage
 * ```ts
 * import { neighborAdvertisement, type NeighborAdvertisementFields } from "@posixly/raw/wire";
 *
 * const fields: NeighborAdvertisementFields = { target: "fe80::2", solicited: true };
 * neighborAdvertisement(fields);
 * ```
 */
export interface NeighborAdvertisementFields {
  /** The address that it has. */
  readonly target: string;
  /** Whether it is a router; by default not. */
  readonly router?: boolean;
  /** Whether it was asked; by default not. */
  readonly solicited?: boolean;
  /** Whether what others have remembered is to be replaced; by default not. */
  readonly override?: boolean;
  /** Options, such as its `targetLinkLayer`; by default none. */
  readonly options?: readonly NeighborOption[];
}

/**
 * What a router says of itself and of the link.
 *
 * @example Usage
 * ```ts
 * import { routerAdvertisement, type RouterAdvertisementFields } from "@posixly/raw/wire";
 *
 * const fields: RouterAdvertisementFields = { lifetime: 1800 };
 * routerAdvertisement(fields);
 * ```
 */
export interface RouterAdvertisementFields {
  /** The hop limit that hosts should use; 0, the default, if it does not say. */
  readonly hopLimit?: number;
  /** Whether addresses are to be had by DHCPv6; by default not. */
  readonly managed?: boolean;
  /** Whether anything else is to be had by DHCPv6; by default not. */
  readonly otherConfiguration?: boolean;
  /** Whether it is a home agent of mobile nodes; by default not. */
  readonly homeAgent?: boolean;
  /** Whether it is better than other routers, RFC 4191; by default `medium`. */
  readonly preference?: "low" | "medium" | "high" | "reserved";
  /** For how long it is a default router, in seconds; 0, the default, if it is none. */
  readonly lifetime?: number;
  /** For how long a neighbour is taken to be there, in milliseconds; 0 if it does not say. */
  readonly reachableTime?: number;
  /** How long to wait between solicitations, in milliseconds; 0 if it does not say. */
  readonly retransmitTime?: number;
  /** Options, such as `prefixInformation`; by default none. */
  readonly options?: readonly NeighborOption[];
}

const MAX32 = 0xffff_ffff;
const ROUTER = 0x8000_0000;
const SOLICITED = 0x4000_0000;
const OVERRIDE = 0x2000_0000;
const preferences = { medium: 0, high: 1, reserved: 2, low: 3 };
const preferenceNames = ["medium", "high", "reserved", "low"] as const;

/**
 * Asks for the routers of a link, for `packet`: to `ff02::2`, with a hop limit of 255.
 *
 * @param fields `options`, such as the sender's `sourceLinkLayer`
 * @returns The layer
 * @throws {TypeError | RangeError} If a field cannot be
 *
 * @example Usage
 * ```ts
 * import { ipv6, packet, routerSolicitation } from "@posixly/raw/wire";
 *
 * packet(ipv6({ source: "fe80::1", destination: "ff02::2", hopLimit: 255 }), routerSolicitation());
 * ```
 */
export function routerSolicitation(
  fields: { readonly options?: readonly NeighborOption[] } = {},
): Icmpv6Layer {
  requireKnown(fields, ["options"]);
  const body = neighborOptionBytes(fields.options);
  return icmpv6({ type: icmpv6Type.routerSolicitation, body });
}

/**
 * Tells of a router, for `packet`: to `ff02::1`, with a hop limit of 255.
 *
 * @param fields What it says
 * @returns The layer
 * @throws {TypeError | RangeError} If a field cannot be
 *
 * @example Usage
 * ```ts
 * import { Icmpv6Message, packet, routerAdvertisement } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * const bytes = packet(routerAdvertisement({
 *   lifetime: 1800,
 *   options: [{
 *     kind: "prefixInformation",
 *     prefix: "2001:db8::",
 *     prefixLength: 64,
 *     onLink: true,
 *     autonomous: true,
 *     validLifetime: 86400,
 *     preferredLifetime: 14400,
 *   }],
 * }));
 * const { discovery } = Icmpv6Message.parse(bytes);
 * assert.ok(discovery?.kind === "routerAdvertisement" && discovery.lifetime === 1800);
 * ```
 */
export function routerAdvertisement(fields: RouterAdvertisementFields): Icmpv6Layer {
  requireKnown(fields, [
    ...["hopLimit", "managed", "otherConfiguration", "homeAgent", "preference", "lifetime"],
    ...["reachableTime", "retransmitTime", "options"],
  ]);
  const { hopLimit = 0, managed, otherConfiguration, homeAgent, lifetime = 0 } = fields;
  const { preference = "medium", reachableTime = 0, retransmitTime = 0 } = fields;
  const flags = (managed ? 0x80 : 0) | (otherConfiguration ? 0x40 : 0) | (homeAgent ? 0x20 : 0) |
    oneOfNames(preferences, preference, "preference") << 3;
  requireInteger(hopLimit, "hopLimit", 0, 0xff);
  requireInteger(lifetime, "lifetime", 0, 0xffff);
  const options = neighborOptionBytes(fields.options);
  const body = new Uint8Array(8 + options.length);
  put32(body, 0, requireInteger(reachableTime, "reachableTime", 0, MAX32));
  put32(body, 4, requireInteger(retransmitTime, "retransmitTime", 0, MAX32));
  body.set(options, 8);
  const rest = (hopLimit << 24 | flags << 16 | lifetime) >>> 0;
  return icmpv6({ type: icmpv6Type.routerAdvertisement, rest, body });
}

/**
 * Asks who has an address, for `packet`: to the `solicitedNode` of it, with a hop limit of 255.
 *
 * @param fields `target` is the address; `options`, such as the sender's `sourceLinkLayer`
 * @returns The layer
 * @throws {TypeError | RangeError} If a field cannot be
 *
 * @example Usage
 * ```ts
 * import { ethernet, ipv6, neighborSolicitation, packet, solicitedNode } from "@posixly/raw/wire";
 *
 * const [us, target] = ["02:00:00:00:00:01", "fe80::2"];
 * const { address, hardware } = solicitedNode(target);
 * packet(
 *   ethernet({ source: us, destination: hardware }),
 *   ipv6({ source: "fe80::1", destination: address, hopLimit: 255 }),
 *   neighborSolicitation({ target, options: [{ kind: "sourceLinkLayer", address: us }] }),
 * );
 * ```
 */
export function neighborSolicitation(
  fields: { readonly target: string; readonly options?: readonly NeighborOption[] },
): Icmpv6Layer {
  requireKnown(fields, ["target", "options"]);
  const body = addressed([[fields.target, "target"]], fields.options);
  return icmpv6({ type: icmpv6Type.neighborSolicitation, body });
}

/**
 * Says that one has an address, for `packet`, with a hop limit of 255.
 *
 * @param fields What it says
 * @returns The layer
 * @throws {TypeError | RangeError} If a field cannot be
 *
 * @example Usage
 * ```ts
 * import { ipv6, neighborAdvertisement, packet } from "@posixly/raw/wire";
 *
 * packet(
 *   ipv6({ source: "fe80::2", destination: "fe80::1", hopLimit: 255 }),
 *   neighborAdvertisement({
 *     target: "fe80::2",
 *     solicited: true,
 *     override: true,
 *     options: [{ kind: "targetLinkLayer", address: "02:00:00:00:00:02" }],
 *   }),
 * );
 * ```
 */
export function neighborAdvertisement(fields: NeighborAdvertisementFields): Icmpv6Layer {
  requireKnown(fields, ["target", "router", "solicited", "override", "options"]);
  const { router, solicited, override } = fields;
  const rest = (router ? ROUTER : 0) + (solicited ? SOLICITED : 0) + (override ? OVERRIDE : 0);
  const body = addressed([[fields.target, "target"]], fields.options);
  return icmpv6({ type: icmpv6Type.neighborAdvertisement, rest, body });
}

/**
 * Tells of a shorter way, for `packet`, with a hop limit of 255.
 *
 * @param fields `target` is where to send instead, `destination` is whom that is the way to;
 * `options`, such as the `redirectedHeader`
 * @returns The layer
 * @throws {TypeError | RangeError} If a field cannot be
 *
 * @example Usage
 * ```ts
 * import { icmpv6Redirect, Icmpv6Message, packet } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * const bytes = packet(icmpv6Redirect({ target: "fe80::2", destination: "2001:db8::1" }));
 * assert.equal(Icmpv6Message.parse(bytes).discovery?.kind, "redirect");
 * ```
 */
export function icmpv6Redirect(
  fields: {
    readonly target: string;
    readonly destination: string;
    readonly options?: readonly NeighborOption[];
  },
): Icmpv6Layer {
  requireKnown(fields, ["target", "destination", "options"]);
  const { target, destination, options } = fields;
  const body = addressed([[target, "target"], [destination, "destination"]], options);
  return icmpv6({ type: icmpv6Type.redirect, body });
}

/** Addresses, and options after them. */
function addressed(
  addresses: readonly (readonly [text: string, name: string])[],
  options: readonly NeighborOption[] | undefined,
): Uint8Array {
  const optionBytes = neighborOptionBytes(options);
  const body = new Uint8Array(16 * addresses.length + optionBytes.length);
  for (const [i, [text, name]] of addresses.entries()) writeIpv6(text, name, body, 16 * i);
  body.set(optionBytes, 16 * addresses.length);
  return body;
}

/**
 * Whom to ask for the hardware address of a neighbour, RFC 4291 section 2.7.1 and RFC 2464: all who
 * have an address with the same last 24 bits.
 *
 * @param target The address of the neighbour
 * @returns The multicast address, and that of Ethernet
 * @throws {TypeError} If it is no IPv6 address
 *
 * @example Usage
 * ```ts
 * import { solicitedNode } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(solicitedNode("2001:db8::abcd:1234"), {
 *   address: "ff02::1:ffcd:1234",
 *   hardware: "33:33:ff:cd:12:34",
 * });
 * ```
 */
export function solicitedNode(target: string): { address: string; hardware: string } {
  const bytes = new Uint8Array(16);
  writeIpv6(target, "target", bytes, 0);
  bytes.set([0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff]);
  return { address: readIpv6(bytes, 0), hardware: `33:33:${readMac(bytes, 12, 4)}` };
}

/** Reads the message whose eight bytes of header begin at `start`; nothing if it is none. */
export function readDiscovery(
  bytes: Uint8Array,
  start: number,
  end: number,
): NeighborDiscovery | undefined {
  const rest = get32(bytes, start + 4);
  const at = start + 8;
  const after = (size: number) => readNeighborOptions(bytes, at + size, end);
  const has = (size: number) => at + size <= end;
  switch (bytes[start]) {
    case icmpv6Type.routerSolicitation:
      return { kind: "routerSolicitation", options: after(0) };
    case icmpv6Type.routerAdvertisement: {
      if (!has(8)) return undefined;
      const flags = bytes[start + 5];
      return {
        kind: "routerAdvertisement",
        hopLimit: bytes[start + 4],
        managed: (flags & 0x80) !== 0,
        otherConfiguration: (flags & 0x40) !== 0,
        homeAgent: (flags & 0x20) !== 0,
        preference: preferenceNames[flags >> 3 & 3],
        lifetime: get16(bytes, start + 6),
        reachableTime: get32(bytes, at),
        retransmitTime: get32(bytes, at + 4),
        options: after(8),
      };
    }
    case icmpv6Type.neighborSolicitation:
      if (!has(16)) return undefined;
      return { kind: "neighborSolicitation", target: readIpv6(bytes, at), options: after(16) };
    case icmpv6Type.neighborAdvertisement:
      if (!has(16)) return undefined;
      return {
        kind: "neighborAdvertisement",
        target: readIpv6(bytes, at),
        router: rest >= ROUTER,
        solicited: (rest & SOLICITED) !== 0,
        override: (rest & OVERRIDE) !== 0,
        options: after(16),
      };
    case icmpv6Type.redirect:
      if (!has(32)) return undefined;
      return {
        kind: "redirect",
        target: readIpv6(bytes, at),
        destination: readIpv6(bytes, at + 16),
        options: after(32),
      };
  }
  return undefined;
}

import { show } from "../arguments.ts";
import type { LayerName } from "./error.ts";
import { etherType, ipProtocol } from "./numbers.ts";

/** How a layer of values becomes bytes; `packet` goes through those of all its layers. */
export interface Codec<L> {
  /** Checks the values; throws a TypeError or RangeError. */
  check(layer: L): void;
  /** The size of the header, in bytes. */
  size(layer: L): number;
  /** Writes every byte of the header, its lengths and types included. */
  write(layer: L, into: Uint8Array, at: number, place: Place): void;
  /** Fills the checksum in, once all that it covers has been written. */
  finish?(layer: L, into: Uint8Array, at: number, place: Place): void;
  /** Whose addresses a pseudo header has for what follows. */
  endpoints?(layer: L, into: Uint8Array, at: number, outer?: Endpoints): Endpoints | undefined;
}

/** Where a header is written. */
export interface Place {
  /** Where the packet ends. */
  readonly end: number;
  /** Which layer comes after it: `bytes` if that is none of ours, nothing if it is the last. */
  readonly following: LayerName | "bytes" | undefined;
  /** Which layer comes after that. */
  readonly then: LayerName | "bytes" | undefined;
  /** The addresses of the IP packet around it. */
  readonly endpoints: Endpoints | undefined;
}

/** Where the addresses of a pseudo header are, and how long each is. */
export interface Endpoints {
  readonly source: number;
  readonly destination: number;
  readonly width: 4 | 16;
}

/** What a builder does: the fields as a layer, once they have been checked. */
export function layerOf<L extends { readonly layer: LayerName }>(
  layer: L["layer"],
  fields: Omit<L, "layer">,
  codec: Codec<L>,
): L {
  if (typeof fields !== "object" || fields === null) {
    throw new TypeError(`The fields of ${layer} must be an object, not ${show(fields)}`);
  }
  const made = { ...fields, layer } as L;
  codec.check(made);
  return made;
}

/** The type of an Ethernet frame, or a tag, before something: a length before mere bytes. */
export function typeBefore({ following, then, end }: Place, payloadAt: number): number {
  switch (following) {
    case "ipv4":
    case "ipv6":
    case "arp":
      return etherType[following];
    case "vlan":
      return then === "vlan" ? etherType.providerVlan : etherType.vlan;
    case "bytes":
    case undefined:
      if (end - payloadAt <= MAX_LENGTH) return end - payloadAt;
  }
  throw new TypeError(`type must be given before ${following}`);
}

/** From 802.3: a type up to here is a length. */
export const MAX_LENGTH = 1500;

const protocolBeforeLayer: Readonly<Partial<Record<LayerName, number>>> = {
  hopByHop: ipProtocol.hopByHop,
  icmp: ipProtocol.icmp,
  ipv4: ipProtocol.ipv4,
  tcp: ipProtocol.tcp,
  udp: ipProtocol.udp,
  ipv6: ipProtocol.ipv6,
  routing: ipProtocol.routing,
  fragment: ipProtocol.fragment,
  authentication: ipProtocol.authentication,
  icmpv6: ipProtocol.icmpv6,
  destinationOptions: ipProtocol.destinationOptions,
};

/** The protocol, or next header, before something. */
export function protocolBefore({ following }: Place, name: string): number {
  if (following === undefined) return ipProtocol.none;
  const protocol = following === "bytes" ? undefined : protocolBeforeLayer[following];
  if (protocol !== undefined) return protocol;
  throw new TypeError(`${name} must be given before ${following}`);
}

/** A length that is filled in must fit its field. */
export function requireFits(length: number, most: number, name: string): number {
  if (length <= most) return length;
  throw new RangeError(`${name} would be ${length}, more than ${most}`);
}

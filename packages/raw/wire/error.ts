/**
 * What a layer of a packet is called.
 *
 * @example Usage
 * ```ts
 * import { type LayerName, packet, udp, dissect, ipv4 } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * const bytes = packet(
 *   ipv4({ source: "10.0.0.1", destination: "10.0.0.2" }),
 *   udp({ sourcePort: 1, destinationPort: 2 }),
 * );
 * const names: LayerName[] = dissect(bytes, { link: "ip" }).layers.map(({ layer }) => layer);
 * assert.deepEqual(names, ["ipv4", "udp"]);
 * ```
 */
export type LayerName =
  | "ethernet"
  | "vlan"
  | "arp"
  | "ipv4"
  | "ipv6"
  | "hopByHop"
  | "routing"
  | "destinationOptions"
  | "fragment"
  | "authentication"
  | "icmp"
  | "icmpv6"
  | "udp"
  | "tcp";

/**
 * Why bytes are not what they should be: `truncated` if there are too few, `malformed` if a field
 * cannot be right however many there were, `limit` if it goes on for longer than the caller allows.
 *
 * @example Usage
 * ```ts
 * import { dissectLax, type WireErrorReason } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * const reason: WireErrorReason | undefined = dissectLax(new Uint8Array(10)).problem?.reason;
 * assert.equal(reason, "truncated");
 * ```
 */
export type WireErrorReason = "truncated" | "malformed" | "limit";

/**
 * Bytes that are not the packet they should be. Test `code`, as the class may have been loaded
 * twice.
 *
 * @example Usage
 * ```ts
 * import { dissect } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * assert.throws(() => dissect(new Uint8Array(10)), {
 *   name: "WireError",
 *   code: "ERR_WIRE",
 *   layer: "ethernet",
 *   needed: 14,
 *   available: 10,
 *   offset: 0,
 * });
 * ```
 */
export class WireError extends Error {
  /** Always `WireError`. */
  override readonly name = "WireError";
  /** Always `ERR_WIRE`. */
  readonly code = "ERR_WIRE";
  /** The layer that could not be read. */
  readonly layer: LayerName;
  /** Why. */
  readonly reason: WireErrorReason;
  /** Where in the bytes that layer begins. */
  readonly offset: number;
  /** How many bytes it takes, as far as is known. */
  readonly needed: number;
  /** How many there are for it. */
  readonly available: number;

  /**
   * @param layer The layer that could not be read
   * @param offset Where in the bytes it begins
   * @param needed How many bytes it takes
   * @param available How many there are
   * @param fault What is wrong, unless it is that there are too few
   * @param reason Why
   */
  constructor(
    layer: LayerName,
    offset: number,
    needed: number,
    available: number,
    fault?: string,
    reason: WireErrorReason = fault === undefined ? "truncated" : "malformed",
  ) {
    const what = fault ?? `${needed} bytes are needed, ${available} are there`;
    super(`Cannot read ${layer} at byte ${offset}: ${what}`);
    this.layer = layer;
    this.reason = reason;
    this.offset = offset;
    this.needed = needed;
    this.available = available;
  }
}

// What a filter can ask of the kernel beyond the bytes of a packet: loads from addresses that no
// packet has, linux/filter.h.

/** Where loads of what is beside the packet begin, `SKF_AD_OFF`, without a sign. */
export const ANCILLARY = 0xffff_f000;
/** Where loads that are relative to the header of the network begin, `SKF_NET_OFF`. */
export const NETWORK = -0x10_0000;
/** Where loads that are relative to the header of the link begin, `SKF_LL_OFF`. */
export const LINK = -0x20_0000;

/** The names are those that tcpdump prints. */
const offsets = {
  proto: 0,
  type: 4,
  ifidx: 8,
  nla: 12,
  nlan: 16,
  mark: 20,
  queue: 24,
  hatype: 28,
  rxhash: 32,
  cpu: 36,
  xor_x: 40,
  vlan_tci: 44,
  vlanp: 48,
  poff: 52,
  random: 56,
  vlan_tpid: 60,
};

/**
 * What a filter can ask for beyond the bytes of a packet, by the names that tcpdump has for it:
 *
 * - `proto`, `type`: the protocol after the header of the link, and whom the packet is for
 * - `ifidx`, `hatype`: the interface, and what hardware it is. A packet without an interface ends
 *   the program there, and A is its result
 * - `mark`, `queue`, `rxhash`, `cpu`: the mark, the queue, the hash of its flow, and the processor
 * - `vlan_tci`, `vlanp`, `vlan_tpid`: the tag of its VLAN, whether it has one, and of which kind
 * - `poff`: where what it carries begins
 * - `random`: a random number
 * - `nla`, `nlan`: where the attribute of netlink of type X is, looked for from A on, or within the
 *   attribute at A; 0 if there is none
 * - `xor_x`: A ^ X
 *
 * @example Usage
 * ```ts
 * import { type AncillaryName, assemble } from "@posixly/raw/bpf";
 * import assert from "node:assert/strict";
 *
 * const name: AncillaryName = "vlanp";
 * const [load] = assemble([{ op: "ldb", ancillary: name }, { op: "ret", a: true }]);
 * assert.equal(load.k | 0, -0x1000 + 48); // SKF_AD_OFF + SKF_AD_VLAN_TAG_PRESENT
 * ```
 */
export type AncillaryName = keyof typeof offsets;

/** What bpf_asm calls them, where it is something else. */
const aliases: Readonly<Record<string, AncillaryName>> = {
  vlan_pr: "vlanp",
  vlan_avail: "vlanp",
  rand: "random",
};

const names = new Map(Object.entries(offsets).map(([name, offset]) => [offset, name]));

/** The name of what a load from there gives, if it is there that the kernel has something. */
export function ancillaryName(k: number): AncillaryName | undefined {
  return names.get(k - ANCILLARY) as AncillaryName | undefined;
}

/** Where to load it from. */
export function ancillaryAddress(name: string): number | undefined {
  const known = Object.hasOwn(aliases, name) ? aliases[name] : name;
  return Object.hasOwn(offsets, known) ? ANCILLARY + offsets[known as AncillaryName] : undefined;
}

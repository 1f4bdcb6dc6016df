import { requireBytes, requireInteger, requireKnown } from "../arguments.ts";
import { execute, stepsOf } from "./execute.ts";
import type { Program } from "./instruction.ts";
import { validateFilter } from "./validate.ts";

/**
 * What the kernel knows of a packet beside its bytes, for the loads that ask for it. What is not
 * given is 0.
 *
 * @example Usage
 * ```ts
 * import { type Ancillary, assemble, runFilter } from "@posixly/raw/bpf";
 * import assert from "node:assert/strict";
 *
 * const ancillary: Ancillary = { vlanTag: 5 };
 * const tagged = assemble("ldb [vlanp]\nret a");
 * assert.equal(runFilter(tagged, new Uint8Array(60), { ancillary }), 1);
 * assert.equal(runFilter(tagged, new Uint8Array(60)), 0);
 * ```
 */
export interface Ancillary {
  /** `proto`: the protocol after the header of the link, such as 0x0800. */
  readonly protocol?: number;
  /** `type`: whom it is for, `PACKET_HOST` (0) to `PACKET_OUTGOING` (4). */
  readonly packetType?: number;
  /** `ifidx`: the index of its interface. A program that asks in vain ends, and A is its result. */
  readonly interface?: number;
  /** `hatype`: the hardware, such as `ARPHRD_ETHER` (1). As with `interface`, if there is none. */
  readonly hardwareType?: number;
  /** `mark`: the mark of the packet. */
  readonly mark?: number;
  /** `queue`: the queue of the interface. */
  readonly queue?: number;
  /** `rxhash`: the hash of its flow. */
  readonly hash?: number;
  /** `cpu`: the processor that filters. */
  readonly cpu?: number;
  /** `vlan_tci`: the tag of its VLAN, 16 bits; `vlanp` is whether this is given. */
  readonly vlanTag?: number;
  /** `vlan_tpid`: the kind of that tag; 0x8100 if there is one. */
  readonly vlanProtocol?: number;
  /** `poff`: where what the packet carries begins. */
  readonly payloadOffset?: number;
  /** `random`: 32 bits; chosen by chance if not given. */
  readonly random?: number;
}

/**
 * What to know of a packet to run a filter on it as the kernel would.
 *
 * @example A filter of UDP sees the packet from the header of UDP on
 * ```ts
 * import { assemble, runFilter, type RunOptions } from "@posixly/raw/bpf";
 * import assert from "node:assert/strict";
 *
 * const SKF_NET_OFF = -0x100000;
 * const packet = new Uint8Array(60);
 * packet[14] = 0x45; // IPv4, behind Ethernet
 * const options: RunOptions = { link: 0, network: 14, start: 34 };
 * const version = assemble(`ldb [${SKF_NET_OFF}]\nret a`);
 * assert.equal(runFilter(version, packet, options), 0x45);
 * ```
 */
export interface RunOptions {
  /** Where in the bytes the packet begins for the filter; 0 by default. */
  readonly start?: number;
  /** Where in the bytes the header of the network begins; if not given, loads from it fail. */
  readonly network?: number;
  /** Where in the bytes the header of the link begins; if not given, loads from it fail. */
  readonly link?: number;
  /** How long the packet was, if the bytes are only its beginning, for `ld len`. */
  readonly length?: number;
  /** What is known beside the bytes. */
  readonly ancillary?: Ancillary;
}

/**
 * Runs a program on a packet, as the kernel does: a load that does not lie within the packet ends it
 * with 0, as does division by an X of 0; arithmetic has 32 bits and no sign; both registers begin as
 * 0. It ends, since jumps only go forward.
 *
 * The program is checked each time; {@linkcode filterFunction} does that once.
 *
 * @param program The program
 * @param packet The bytes
 * @param options What else is known of the packet
 * @returns How many bytes of the packet to keep at most, 0 to drop it; often more than it has
 * @throws {FilterError} If the program is not valid
 * @throws {TypeError | RangeError} If `packet` is no `Uint8Array`, an option misspelt, `start` not
 * within the packet, or another place or length not a whole number
 *
 * @example Usage
 * ```ts
 * import { assemble, runFilter } from "@posixly/raw/bpf";
 * import assert from "node:assert/strict";
 *
 * const long = assemble("ld len\njgt #3, 2, 3\nret #2\nret #0");
 * assert.equal(runFilter(long, new Uint8Array(4)), 2);
 * assert.equal(runFilter(long, new Uint8Array(3)), 0);
 * ```
 */
export function runFilter(program: Program, packet: Uint8Array, options?: RunOptions): number {
  return filterFunction(program)(packet, options);
}

/**
 * A program as a function, which is checked once and may then be called for every packet.
 *
 * @param program The program
 * @returns A function that does what {@linkcode runFilter} does
 * @throws {FilterError} If the program is not valid
 * @throws {TypeError} If `program` is no array
 *
 * @example Usage
 * ```ts
 * import { assemble, filterFunction } from "@posixly/raw/bpf";
 * import assert from "node:assert/strict";
 *
 * const keep = filterFunction(assemble("ldb [0]\njeq #7, 2, 3\nret #-1\nret #0"));
 * const packets = [new Uint8Array([7]), new Uint8Array([8]), new Uint8Array(0)];
 * assert.deepEqual(packets.map((packet) => keep(packet) > 0), [true, false, false]);
 * ```
 */
export function filterFunction(
  program: Program,
): (packet: Uint8Array, options?: RunOptions) => number {
  validateFilter(program);
  const steps = stepsOf(program);
  let known = noOptions; // those that go with every packet are looked through once
  return (packet, options = noOptions) => {
    requireBytes(packet, "packet");
    if (options !== known) {
      requireNames(options);
      known = options;
    }
    const { start = 0, network = 0, link = 0, length = 0 } = options;
    requireInteger(start, "start", 0, packet.length);
    requireInteger(network, "network", 0, MOST);
    requireInteger(link, "link", 0, MOST);
    requireInteger(length, "length", 0, 0xffff_ffff);
    return execute(steps, packet, start, options);
  };
}

function requireNames(options: RunOptions): void {
  requireKnown(options, optionNames);
  if (options.ancillary !== undefined) requireKnown(options.ancillary, ancillaryNames);
}

const noOptions: RunOptions = {};
const optionNames = ["start", "network", "link", "length", "ancillary"];
const ancillaryNames = [
  "protocol",
  "packetType",
  "interface",
  "hardwareType",
  "mark",
  "queue",
  "hash",
  "cpu",
  "vlanTag",
  "vlanProtocol",
  "payloadOffset",
  "random",
];
const MOST = Number.MAX_SAFE_INTEGER;

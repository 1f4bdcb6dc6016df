import { parseIpv4 } from "@posixly/socket";
import { oneOf, requireBoolean, requireInteger, requireKnown } from "@posixly/sys";
import { decodeFilter } from "./bpf/bytes.ts";
import type { Instruction } from "./bpf/instruction.ts";
import { validateFilter } from "./bpf/validate.ts";
import { nameOf } from "./interface_name.ts";
import {
  DLT_EN10MB,
  DLT_IEEE802_11,
  DLT_IEEE802_11_RADIO,
  DLT_LINUX_SLL,
  DLT_LINUX_SLL2,
  DLT_NULL,
  DLT_PPP,
  DLT_RAW,
  PCAP_NETMASK_UNKNOWN,
} from "./libc.ts";
import { LibpcapError, LibpcapHandle } from "./libpcap.ts";

const links = {
  ethernet: DLT_EN10MB,
  ip: DLT_RAW,
  cooked: DLT_LINUX_SLL,
  cooked2: DLT_LINUX_SLL2,
  loopback: DLT_NULL,
  ppp: DLT_PPP,
  wifi: DLT_IEEE802_11,
  radiotap: DLT_IEEE802_11_RADIO,
};

/**
 * What packets begin with:
 *
 * - `ethernet`: Ethernet, as of a packet socket of type `raw`
 * - `ip`: IPv4 or IPv6, as of a raw socket of IPv4 or of TUN, `DLT_RAW`
 * - `cooked`, `cooked2`: what tcpdump writes of the interface `any`, `DLT_LINUX_SLL` and its successor
 * - `loopback`: what BSD has for its loopback, `DLT_NULL`
 * - `ppp`; `wifi`: IEEE 802.11; `radiotap`: the same behind a header of radiotap
 *
 * @example Usage
 * ```ts
 * import { compileFilter, type FilterLink } from "@posixly/raw";
 * import { disassemble } from "@posixly/raw/bpf";
 * import assert from "node:assert/strict";
 *
 * const link: FilterLink = "ip";
 * assert.equal(disassemble(compileFilter("ip", { link })).split("\n")[0], "(000) ldb      [0]");
 * ```
 */
export type FilterLink = keyof typeof links;

/**
 * What an expression is compiled for.
 *
 * @example Usage
 * ```ts
 * import { compileFilter, type CompileFilterOptions } from "@posixly/raw";
 * import { disassemble } from "@posixly/raw/bpf";
 * import assert from "node:assert/strict";
 *
 * const options: CompileFilterOptions = { link: "ethernet", snapLength: 96 };
 * assert.equal(disassemble(compileFilter("", options)), "(000) ret      #96");
 * ```
 */
export interface CompileFilterOptions {
  /** What packets begin with, by name or by its number of pcap-linktype(7). Ethernet by default. */
  readonly link?: FilterLink | number;
  /**
   * The name or the index of an interface of this machine in place of `link`, which takes `CAP_NET_RAW`. That makes a
   * difference to `vlan` alone: of what comes to a socket the kernel has taken the tag off, and only
   * for an interface does libpcap look for it where it is kept.
   */
  readonly interface?: string | number;
  /** How many bytes of a packet to keep, 262144 by default. */
  readonly snapLength?: number;
  /** Whether the program is made shorter, as by default. */
  readonly optimize?: boolean;
  /** The mask of the network, such as `255.255.255.0`, which `ip broadcast` takes. */
  readonly netmask?: string;
}

/**
 * Compiles an expression of tcpdump, pcap-filter(7). libpcap does that, by pcap_compile(3pcap), and
 * has to be installed; nothing else of this package needs it.
 *
 * Names of hosts in an expression are looked up, and libpcap takes seconds for some hundred
 * conditions; nothing else goes on meanwhile. Before libpcap 1.8 of 2016 only one Worker at a time
 * may compile.
 *
 * @param expression Such as `tcp port 80`; empty for everything
 * @param options What it is for
 * @returns The program
 * @throws {LibraryNotFoundError} If libpcap is not installed; it says how to get it
 * @throws {ExpressionError} If libpcap does not understand it, or cannot do that for this link
 * @throws {FilterError} If the program has a loop, which `protochain` makes, and no kernel takes
 * @throws {TypeError | RangeError} If an option is not as described
 *
 * @example Usage
 * ```ts
 * import { compileFilter } from "@posixly/raw";
 * import { runFilter } from "@posixly/raw/bpf";
 * import assert from "node:assert/strict";
 *
 * const program = compileFilter("arp or ip proto 17");
 * const packet = new Uint8Array(60);
 * packet.set([0x08, 0x06], 12);
 * assert.equal(runFilter(program, packet), 262144);
 * ```
 */
export function compileFilter(
  expression: string,
  options: CompileFilterOptions = {},
): Instruction[] {
  if (typeof expression !== "string") {
    throw new TypeError(`expression must be a string, not ${typeof expression}`);
  }
  requireKnown(options, ["interface", "link", "netmask", "optimize", "snapLength"]);
  const optimize = requireBoolean(options.optimize, "optimize") ?? true;
  const netmask = netmaskOf(options.netmask);
  try {
    using handle = handleFor(options);
    const program = decodeFilter(handle.compile(expression, optimize, netmask));
    validateFilter(program);
    return program;
  } catch (error) {
    if (error instanceof LibpcapError) throw new ExpressionError(expression, error.message);
    throw error;
  }
}

function handleFor(options: CompileFilterOptions): LibpcapHandle {
  const { link = "ethernet", snapLength = 262_144 } = options;
  requireInteger(snapLength, "snapLength", 1);
  const name = nameOf(options.interface);
  if (name === undefined) {
    const number = typeof link === "number" ? link : oneOf(links, link, "link");
    return LibpcapHandle.ofLink(requireInteger(number, "link"), snapLength);
  }
  if (options.link !== undefined) {
    throw new TypeError("there must be a link or an interface, not both");
  }
  return LibpcapHandle.ofInterface(name, snapLength);
}

/** The first byte is the highest, as in instructions; what pcap_lookupnet(3pcap) gives is not so. */
function netmaskOf(text: string | undefined): number {
  if (text === undefined) return PCAP_NETMASK_UNKNOWN;
  const bytes = parseIpv4(text);
  if (bytes === null) throw new TypeError(`netmask must be such as 255.255.255.0, not ${text}`);
  return bytes.reduce((mask, byte) => mask * 256 + byte, 0);
}

/**
 * libpcap did not take an expression, or could not open the interface that it is for.
 *
 * @example Usage
 * ```ts
 * import { compileFilter, ExpressionError } from "@posixly/raw";
 * import assert from "node:assert/strict";
 *
 * assert.throws(
 *   () => compileFilter("tcp prt 80"),
 *   (error) => error instanceof ExpressionError && error.expression === "tcp prt 80",
 * );
 * ```
 */
export class ExpressionError extends Error {
  override readonly name = "ExpressionError";
  /** The expression as it was given. */
  readonly expression: string;
  /** What libpcap had to say. */
  readonly reason: string;

  /**
   * @param expression The expression as it was given
   * @param reason What libpcap had to say
   */
  constructor(expression: string, reason: string) {
    super(`Cannot compile filter ${JSON.stringify(expression)}: ${reason}`);
    this.expression = expression;
    this.reason = reason;
  }
}

import { requireBoolean, requireInteger, requireKnown } from "@posixly/sys";
import {
  assemble,
  encodeFilter,
  type Instruction,
  type Program,
  validateFilter,
} from "../bpf/mod.ts";
import { compileFilter } from "../compile_filter.ts";
import { ARPHRD_ETHER, ARPHRD_LOOPBACK, ARPHRD_PPP } from "../libc.ts";
import { MOST_KEPT } from "../ring_options.ts";
import { requireSignal } from "./ping_options.ts";

/**
 * What to listen to, see {@linkcode sniff}.
 *
 * @example Usage
 * ```ts
 * import { sniff, type SniffOptions } from "@posixly/raw";
 *
 * const some: SniffOptions = { interface: "lo", count: 100, snapLength: 128 };
 * using packets = sniff(some);
 * ```
 */
export interface SniffOptions {
  /** The name or the index of the interface; by default all of them. */
  readonly interface?: string | number;
  /**
   * Which packets: an expression of tcpdump, which libpcap compiles and has to be installed for, or
   * a program of classic BPF. The kernel runs it. An expression without an interface is for those
   * that have frames of Ethernet, and nothing of others is seen then.
   */
  readonly filter?: string | Program;
  /** How many bytes of each packet are kept, 1 to 262,144; by default all. */
  readonly snapLength?: number;
  /** After how many packets it ends; by default it does not. */
  readonly count?: number;
  /** Whether the interface takes what is for other machines as well. */
  readonly promiscuous?: boolean;
  /**
   * Where all that is seen is written as well: a path, where pcap is written if it ends in `.pcap`
   * and pcapng if not; a file that is there is written over. pcap takes packets of one kind alone,
   * with Ethernet or without. Or a function that takes the bytes of a file of pcapng, piece by piece.
   */
  readonly write?: string | ((bytes: Uint8Array) => void);
  /** How many MiB the kernel keeps until it is read, 1 to 1024; 8 by default. */
  readonly buffer?: number;
  /** Ends it with its `reason`. */
  readonly signal?: AbortSignal;
}

const names = [
  "interface",
  "filter",
  "snapLength",
  "count",
  "promiscuous",
  "write",
  "buffer",
  "signal",
];

/** Checks the options, before anything is opened. */
export function requireSniffOptions(options: SniffOptions): void {
  requireKnown(options, names);
  const { snapLength, count, buffer, write, filter } = options;
  if (filter !== undefined && typeof filter !== "string" && !Array.isArray(filter)) {
    throw new TypeError("filter must be an expression or a program");
  }
  if (snapLength !== undefined) requireInteger(snapLength, "snapLength", 1, MOST_KEPT);
  if (count !== undefined) requireInteger(count, "count", 1, Number.MAX_SAFE_INTEGER);
  if (buffer !== undefined) requireInteger(buffer, "buffer", 1, 1024);
  if (write !== undefined && typeof write !== "string" && typeof write !== "function") {
    throw new TypeError("write must be a path or a function");
  }
  requireBoolean(options.promiscuous, "promiscuous");
  requireSignal(options.signal);
}

/**
 * The filter as the kernel takes it.
 *
 * @param hardwareType That of the interface, if there is one
 */
export function sniffFilter(
  { filter, interface: name }: SniffOptions,
  hardwareType: number | undefined,
): Uint8Array | undefined {
  if (filter === undefined || filter === "") return undefined;
  const program = typeof filter !== "string"
    ? filter
    : name === undefined
    ? onlyEthernet(compileFilter(filter, { link: "ethernet" }))
    // libpcap would have PPP begin as the interface `any` does.
    : compileFilter(filter, hardwareType === ARPHRD_PPP ? { link: "ip" } : { interface: name });
  validateFilter(program);
  return encodeFilter(program);
}

/** What an expression for Ethernet would read out of other packets makes no sense. */
function onlyEthernet(program: Program): Instruction[] {
  const types = `jeq #${ARPHRD_ETHER}, go\njeq #${ARPHRD_LOOPBACK}, go\nret #0`;
  return [...assemble(`ld hatype\n${types}\ngo: ld #0`), ...program];
}

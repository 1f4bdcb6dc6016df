import { bitsOf, oneOf, requireBoolean } from "@posixly/sys";
import { type Filter, type Plan, planOf } from "./filter.ts";
import { compile, mentions } from "./filter_code.ts";
import { parseFilter } from "./filter_text.ts";
import {
  AF_INET,
  AF_INET6,
  AF_UNSPEC,
  INET_DIAG_CONG,
  INET_DIAG_INFO,
  INET_DIAG_SKMEMINFO,
  IPPROTO_TCP,
  IPPROTO_UDP,
} from "./libc.ts";
import { ALL_STATES, maskOf, type SocketState } from "./states.ts";

/**
 * Which sockets to list, and what to tell of them, see {@linkcode sockets}.
 *
 * @example Usage
 * ```ts
 * import { type ListOptions, sockets } from "@posixly/ports";
 *
 * const servers: ListOptions = { protocol: "tcp", states: ["listening"], owners: true };
 * for (const { local } of sockets(servers)) console.log(local);
 * ```
 */
export interface ListOptions {
  /** Those of one protocol; by default of both. */
  readonly protocol?: "tcp" | "udp";
  /** Those of one family; by default of both. */
  readonly family?: "ipv4" | "ipv6";
  /** Those in one of these states; by default in any but `boundInactive`. */
  readonly states?: readonly SocketState[];
  /**
   * Whether those of TCP that are merely bound are among them: they hold their port, but neither
   * listen nor connect, and ss(8) leaves them out. The kernel goes through every port for it. Since
   * Linux 6.8. One that is named in `states` or `filter` is told of at any rate.
   */
  readonly bound?: boolean;
  /** Those that it lets through: as data, or as ss(8) takes it, see {@linkcode parseFilter}. */
  readonly filter?: string | Filter;
  /** Whether to tell {@linkcode SocketEntry.info}. */
  readonly info?: boolean;
  /** Whether to tell {@linkcode SocketEntry.memory}. */
  readonly memory?: boolean;
  /** Whether to tell {@linkcode SocketEntry.congestionControl}. */
  readonly congestionControl?: boolean;
  /** Whether to look for {@linkcode SocketEntry.owners}, in the folders of all processes. */
  readonly owners?: boolean;
  /** Whom to ask; by default netlink, and `/proc` where netlink may not be asked. */
  readonly source?: "netlink" | "proc";
}

/** What is to be looked for, and where. */
export interface Search {
  /** Each is one question: what the kernel is asked at once is of one protocol and family. */
  readonly tables: readonly Table[];
  readonly states: number;
  /** A bit for each attribute that is wanted. */
  readonly extensions: number;
  /** The filter as the kernel runs it. */
  readonly code: Uint8Array<ArrayBuffer>;
  /** What of the filter it does not run. */
  readonly rest: readonly Plan[];
  /** The filter, whole. */
  readonly plan: Plan;
  readonly owners: boolean;
  readonly source: "netlink" | "proc" | undefined;
}

/** The sockets of a protocol over a family; TCP is asked for over both at once, `AF_UNSPEC`. */
export interface Table {
  readonly protocol: "tcp" | "udp";
  readonly family: number;
}

const families = { ipv4: AF_INET, ipv6: AF_INET6 } as const;

/** The numbers of the protocols. */
export const protocols = { tcp: IPPROTO_TCP, udp: IPPROTO_UDP } as const;

const extensions = {
  info: 1 << (INET_DIAG_INFO - 1),
  memory: 1 << (INET_DIAG_SKMEMINFO - 1),
  congestionControl: 1 << (INET_DIAG_CONG - 1),
} as const;

/** The options that ask for nothing more of each. */
const others = ["protocol", "family", "states", "bound", "filter", "owners", "source"];

const BOUND = maskOf(["boundInactive"]);

/** A socket of UDP is in no other state, and need not be looked for. */
const UDP_STATES = maskOf(["established", "unconnected"]);

/** Looks through the options. */
export function searchOf(options: ListOptions): Search {
  const {
    protocol,
    family,
    states,
    bound = false,
    filter = "",
    owners = false,
    source,
    ...details
  } = options;
  const plan = planOf(typeof filter === "string" ? parseFilter(filter) : filter);
  const compiled = compile(plan);
  requireBoolean(owners, "owners");
  requireBoolean(bound, "bound");
  if (source !== undefined) oneOf({ netlink: 0, proc: 0 }, source, "source");
  const isBoundWanted = bound || mentions(plan, BOUND);
  const usual = isBoundWanted ? ALL_STATES : ALL_STATES & ~BOUND;
  const mask = compiled.states & (states === undefined ? usual : maskOf(states) | (usual & BOUND));
  const canBe = (protocol: "tcp" | "udp") => protocol === "tcp" || (mask & UDP_STATES) !== 0;
  const named = chosen(families, family, "family").map((name) => families[name]);
  const familiesOf = (protocol: "tcp" | "udp") =>
    protocol === "tcp" && named.length > 1 ? [AF_UNSPEC] : named;
  return {
    tables: chosen(protocols, protocol, "protocol").filter(canBe).flatMap((protocol) =>
      familiesOf(protocol).map((family) => ({ protocol, family }))
    ),
    states: mask,
    extensions: bitsOf(extensions, details, others),
    code: compiled.code,
    rest: compiled.rest,
    plan,
    owners,
    source,
  };
}

/** The one that is named, or all of them. */
function chosen<Name extends string>(
  table: Readonly<Record<Name, number>>,
  name: Name | undefined,
  option: string,
): Name[] {
  if (name === undefined) return Object.keys(table) as Name[];
  oneOf(table, name, option);
  return [name];
}

import { interfaceIndex, parseIpv4, parseIpv6, type PortRange } from "@posixly/socket";
import { requireInteger, requireKnown } from "@posixly/sys";
import { AF_INET, AF_INET6 } from "./libc.ts";
import { requireRange } from "./reserved.ts";
import { maskOf, type SocketState } from "./states.ts";

/**
 * Which sockets are wanted, as data. {@linkcode parseFilter} makes it of the text that ss(8) takes;
 * {@linkcode sockets} takes either. Exactly one of these:
 *
 * - `and`: all of them, which is anything if there are none; `or`: one of them at least, which is
 *   nothing if there are none; `not`: any but these
 * - `state`: in this state, or in one of these
 * - `local`, `remote`: with this address, or one whose first bits are these: `127.0.0.1`,
 *   `10.0.0.0/8`, `::1`, `fe80::/10`. One of IPv4 is also that of a socket of `ipv6` which talks to
 *   it, as `::ffff:127.0.0.1`
 * - `localPort`, `remotePort`: with this port, or one of these
 * - `interface`: bound to this interface, by name or index
 * - `autoBound`: the kernel chose its port; it takes netlink to know
 *
 * They may be nested 200 levels deep.
 *
 * @example Connections to anywhere but here, from a port that the kernel has chosen
 * ```ts
 * import { type Filter, sockets } from "@posixly/ports";
 *
 * const outgoing: Filter = {
 *   and: [{ state: "established" }, { autoBound: true }, { not: { remote: "127.0.0.0/8" } }],
 * };
 * console.log(sockets({ protocol: "tcp", filter: outgoing }).length);
 * ```
 */
export type Filter =
  | { readonly and: readonly Filter[] }
  | { readonly or: readonly Filter[] }
  | { readonly not: Filter }
  | { readonly state: SocketState | readonly SocketState[] }
  | { readonly local: string }
  | { readonly remote: string }
  | { readonly localPort: number | PortRange }
  | { readonly remotePort: number | PortRange }
  | { readonly interface: string | number }
  | { readonly autoBound: true };

/** The same, looked through: what it is made of is checked, and in one form each. */
export type Plan =
  | { readonly kind: "and" | "or"; readonly parts: readonly Plan[] }
  | { readonly kind: "not"; readonly part: Plan }
  | { readonly kind: "state"; readonly mask: number }
  | { readonly kind: "address"; readonly side: Side; readonly prefix: Prefix }
  | ({ readonly kind: "port"; readonly side: Side } & PortRange)
  | { readonly kind: "interface"; readonly index: number }
  | { readonly kind: "autoBound" };

/** One end of a connection. */
export type Side = "local" | "remote";

/** The first bits of an address. */
export interface Prefix {
  readonly family: number;
  readonly bytes: Uint8Array;
  readonly bits: number;
}

/** How deeply a filter may be nested: the stack has an end, too, which nobody would understand. */
const DEEPEST = 200;

/** One level deeper, if there may be another. */
export function deeper(depth: number): number {
  if (depth < DEEPEST) return depth + 1;
  throw new RangeError(`A filter may be nested ${DEEPEST} levels deep, and no deeper`);
}

/** Looks through a filter, at some depth of another. */
export function planOf(filter: Filter, depth = 0): Plan {
  const names = Object.keys(Object(filter));
  const [name] = names;
  if (names.length !== 1 || !Object.hasOwn(planners, name)) {
    const known = Object.keys(planners).join(", ");
    throw new TypeError(`A filter has one of ${known}, and not ${names.join(", ") || "nothing"}`);
  }
  return planners[name](filter[name as never], depth);
}

const planners: Readonly<Record<string, (value: never, depth: number) => Plan>> = {
  and: listPlanner("and"),
  or: listPlanner("or"),
  not: (part: Filter, depth) => ({ kind: "not", part: planOf(part, deeper(depth)) }),
  state: (state: SocketState | readonly SocketState[]) => ({
    kind: "state",
    mask: maskOf([state].flat()),
  }),
  local: (text: string) => ({ kind: "address", side: "local", prefix: prefixOf(text) }),
  remote: (text: string) => ({ kind: "address", side: "remote", prefix: prefixOf(text) }),
  localPort: (port: number | PortRange) => portPlan("local", port),
  remotePort: (port: number | PortRange) => portPlan("remote", port),
  interface: (name: string | number) => ({
    kind: "interface",
    index: typeof name === "string" ? interfaceIndex(name) : requireInteger(name, "interface", 0),
  }),
  autoBound: (value: true) => {
    if (value !== true) throw new TypeError("autoBound must be true; wrap it into not");
    return { kind: "autoBound" };
  },
};

function listPlanner(kind: "and" | "or") {
  return (parts: readonly Filter[], depth: number): Plan => {
    if (!Array.isArray(parts)) throw new TypeError(`${kind} must be an array of filters`);
    const inner = deeper(depth);
    return { kind, parts: parts.map((part) => planOf(part, inner)) };
  };
}

function portPlan(side: Side, port: number | PortRange): Plan {
  const range = typeof port === "object" ? port : { first: port, last: port };
  requireKnown(range, ["first", "last"]);
  const { first, last } = requireRange(range);
  return { kind: "port", side, first, last };
}

function prefixOf(text: string): Prefix {
  const [host, length, ...rest] = `${text}`.split("/");
  const v4 = parseIpv4(host);
  const bytes = v4 ?? parseIpv6(host);
  const isLength = length === undefined || /^(0|[1-9]\d*)$/.test(length);
  if (bytes === null || !isLength || rest.length > 0) {
    throw new TypeError(`There is no address ${JSON.stringify(text)}`);
  }
  const bits = Number(length ?? 8 * bytes.length);
  requireInteger(bits, "The length of a prefix", 0, 8 * bytes.length);
  return { family: v4 ? AF_INET : AF_INET6, bytes, bits };
}
